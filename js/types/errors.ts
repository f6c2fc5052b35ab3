// What can go wrong.

/**
 * What failed. The list is closed: switch over it.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | aborted | your `signal`, or `close()` | nothing |
 * | authentication | the provider does not accept the key; a key vault is locked, or its passphrase another | check the key; open the vault again |
 * | permission | the key may not do this (region, model, project) | the provider's console |
 * | invalid-request | a field of the request is wrong; the message names it | correct it |
 * | unsupported | this provider, or this version of modelwire, cannot do what a field asks for | leave it out |
 * | not-found | no such model, deployment or address | check the name |
 * | context-length | too many tokens for the model: see `needed` and `limit` | shorten the messages |
 * | content-filter | the provider refused the prompt | reword it |
 * | rate-limit | too many requests or tokens a minute | wait `retryAfterMs` |
 * | quota | the account has no money or allowance left | the provider's billing page |
 * | overloaded | the provider is out of capacity | wait |
 * | server | the provider failed | try again |
 * | network | no connection (in a page the message says when the browser is offline), or it broke | try again |
 * | cors | the server answers, but not to this page | call it through a server of yours |
 * | timeout | a time of `timeout` was over (the message says which), or the provider gave up | a longer one, or try again |
 * | truncated | the stream ended before the answer did: see `partial` | try again |
 * | malformed | what arrived is not this API's answer | check `baseURL` |
 * | budget | a spending limit, or a price that is not known under one | raise it, wait for its next period, give the price in `catalog` |
 * | output-invalid | the answer does not match the schema: see `partial` | ask again, or a stronger model |
 * | tool-failed | (a tool that throws is told to the model; reserved) | – |
 * | config | a client option is wrong, or the WebAssembly module did not load; the message says which | correct it |
 * | missing-key | no key was given, or its function failed | set the option that the message names |
 * | template | a prompt template lacks a value, or a file of prompts is wrong; the message names what and where | correct it |
 * | storage | a store failed; the message says which and how | – |
 */
export type ErrorCode =
  | "aborted"
  | "authentication"
  | "permission"
  | "invalid-request"
  | "unsupported"
  | "not-found"
  | "context-length"
  | "content-filter"
  | "rate-limit"
  | "quota"
  | "overloaded"
  | "server"
  | "network"
  | "cors"
  | "timeout"
  | "truncated"
  | "malformed"
  | "budget"
  | "output-invalid"
  | "tool-failed"
  | "config"
  | "missing-key"
  | "template"
  | "storage";
