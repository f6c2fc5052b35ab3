// What somebody would write without a gateway.
export default {
  fetch: (request, { PROVIDER }) => fetch(`${PROVIDER}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json", authorization: "Bearer a-key" }, body: request.body }),
};
