// The public types against the contract: what is delivered is assignable to it, and what it lets a developer write is
// accepted. Compiled only; run (by tests/js/contract.test.mjs) where the contract is at hand.
import type * as contract from "../../../shared/design/api.d.ts";
import * as modelwire from "modelwire";
import * as testing from "modelwire/testing";
import { cacheApiStore, durableObjectLimits, durableObjectStore, durableStore, kvStore } from "modelwire/stores/cloudflare";
import * as gateway from "modelwire/gateway";
import { kvLimits, kvStore as denoStore } from "modelwire/stores/deno";

type IsAny<T> = 0 extends 1 & T ? true : false;
/** `Given` may stand where `Wanted` is asked for. */
type Assignable<Given, Wanted> = IsAny<Given> extends true ? false : [Given] extends [Wanted] ? true : false;
/** Either may stand for the other. */
type Same<A, B> = Assignable<A, B> extends true ? Assignable<B, A> : false;
type Check<T extends true> = T;

// What the developer gets: ours is at least the contract's.
export type Given = [
  Check<Assignable<modelwire.Client, Pick<contract.Client, "chat" | "stream" | "embed" | "check" | "listModels" | "countTokens" | "estimate" | "fit" | "model" | "costs" | "keys" | "limits" | "batch" | "cache" | "queue" | "on" | "close" | typeof Symbol.asyncDispose>>>,
  Check<Assignable<modelwire.ChatStream<{ a: 1 }>, contract.ChatStream<{ a: 1 }>>>,
  Check<Assignable<modelwire.ChatResponse<{ a: 1 }>, contract.ChatResponse<{ a: 1 }>>>,
  Check<Assignable<modelwire.LlmError, contract.LlmError>>,
  Check<Assignable<typeof modelwire.createClient, (options: contract.ClientOptions) => Pick<contract.Client, "chat" | "stream" | "check" | "close">>>,
  Check<Assignable<typeof modelwire.ready, typeof contract.ready>>,
  Check<Assignable<typeof modelwire.readStream, typeof contract.readStream>>,
  Check<Assignable<typeof modelwire.isLlmError, typeof contract.isLlmError>>,
  Check<Assignable<typeof modelwire.tool, typeof contract.tool>>,
  Check<Assignable<typeof modelwire.withRetry, typeof contract.withRetry>>,
  Check<Assignable<typeof modelwire.loadTokenizer, typeof contract.loadTokenizer>>,
  Check<Assignable<typeof modelwire.providersFromEnv, typeof contract.providersFromEnv>>,
  Check<Assignable<typeof modelwire.jsonlLog, typeof contract.jsonlLog>>,
  Check<Assignable<typeof modelwire.otlpLog, typeof contract.otlpLog>>,
  Check<Assignable<modelwire.KeyRing, contract.KeyRing>>,
  Check<Assignable<typeof testing.mockProviders, typeof contract.mockProviders>>,
  Check<Assignable<typeof testing.virtualClock, typeof contract.virtualClock>>,
  Check<Assignable<typeof testing.cassette, typeof contract.cassette>>,
  Check<Assignable<modelwire.KeyVault, contract.KeyVault>>,
  Check<Assignable<typeof modelwire.KeyVault.open, typeof contract.KeyVault.open>>,
  Check<Assignable<typeof modelwire.promptTemplate, typeof contract.promptTemplate>>,
  Check<Assignable<typeof modelwire.chatTemplate, typeof contract.chatTemplate>>,
  Check<Assignable<typeof modelwire.PromptLibrary, typeof contract.PromptLibrary>>,
  Check<Assignable<typeof gateway.createGateway, (client: modelwire.Client, options: contract.GatewayOptions) => ReturnType<typeof contract.createGateway>>>,
  Check<Assignable<typeof gateway.pageTokens, typeof contract.pageTokens>>,
  Check<Assignable<modelwire.Limits, contract.Limits>>,
  Check<Assignable<modelwire.CacheControl, contract.CacheControl>>,
  Check<Same<Parameters<modelwire.Client["with"]>, Parameters<contract.Client["with"]>>>,
];

// What goes both ways, or is a closed list: the same.
export type Equal = [
  Check<Same<modelwire.ErrorCode, contract.ErrorCode>>,
  Check<Same<modelwire.FinishReason, contract.FinishReason>>,
  Check<Same<modelwire.ChatEvent, contract.ChatEvent>>,
  Check<Same<modelwire.ChatEvent["type"], contract.ChatEvent["type"]>>,
  Check<Same<modelwire.Message, contract.Message>>,
  Check<Same<modelwire.UserPart, contract.UserPart>>,
  Check<Same<modelwire.AssistantPart, contract.AssistantPart>>,
  Check<Same<modelwire.ToolCall, contract.ToolCall>>,
  Check<Same<modelwire.Tool, contract.Tool>>,
  Check<Same<modelwire.Schema<string>, contract.Schema<string>>>,
  Check<Same<modelwire.ChatRequest<string>, contract.ChatRequest<string>>>,
  Check<Same<keyof modelwire.ChatRequest, keyof contract.ChatRequest>>,
  Check<Same<modelwire.ChatResponse, contract.ChatResponse>>,
  Check<Same<modelwire.Usage, contract.Usage>>,
  Check<Same<modelwire.Cost, contract.Cost>>,
  Check<Same<modelwire.BatchOptions, contract.BatchOptions>>,
  Check<Same<modelwire.BatchRun, contract.BatchRun>>,
  Check<Same<modelwire.BatchItem, contract.BatchItem>>,
  Check<Same<modelwire.QueueOptions, contract.QueueOptions>>,
  Check<Same<keyof modelwire.QueueOptions, keyof contract.QueueOptions>>,
  Check<Same<modelwire.RequestQueue, contract.RequestQueue>>,
  Check<Same<modelwire.Job, contract.Job>>,
  Check<Same<ReturnType<typeof kvStore>, contract.Store>>,
  Check<Same<ReturnType<typeof durableStore>, contract.Store>>,
  Check<Same<ReturnType<typeof durableObjectStore>, contract.Store>>,
  Check<Same<ReturnType<typeof denoStore>, contract.Store>>,
  Check<Same<ReturnType<typeof cacheApiStore>, contract.Store>>,
  Check<Same<ReturnType<typeof durableObjectLimits>, contract.LimitStore>>,
  Check<Same<ReturnType<typeof kvLimits>, contract.LimitStore>>,
  Check<Same<modelwire.Tokenizer, contract.Tokenizer>>,
  Check<Same<modelwire.TokenCount, contract.TokenCount>>,
  Check<Same<modelwire.Estimate, contract.Estimate>>,
  Check<Same<modelwire.FitOptions, contract.FitOptions>>,
  Check<Same<keyof modelwire.FitOptions, keyof contract.FitOptions>>,
  Check<Same<modelwire.FitResult, contract.FitResult>>,
  Check<Same<modelwire.Warning, contract.Warning>>,
  Check<Same<modelwire.Attempt, contract.Attempt>>,
  Check<Same<modelwire.ErrorInfo, contract.ErrorInfo>>,
  Check<Same<modelwire.Key, contract.Key>>,
  Check<Same<modelwire.ProviderOptions, contract.ProviderOptions>>,
  Check<Same<keyof modelwire.ProviderOptions, keyof contract.ProviderOptions>>,
  Check<Same<modelwire.ModelTarget, contract.ModelTarget>>,
  Check<Same<modelwire.ClientOptions, contract.ClientOptions>>,
  Check<Same<keyof modelwire.ClientOptions, keyof contract.ClientOptions>>,
  Check<Same<modelwire.RetryOptions, contract.RetryOptions>>,
  Check<Same<modelwire.TimeoutOptions, contract.TimeoutOptions>>,
  Check<Same<modelwire.LimitOptions, contract.LimitOptions>>,
  Check<Same<modelwire.FallbackOptions, contract.FallbackOptions>>,
  Check<Same<keyof modelwire.RetryOptions, keyof contract.RetryOptions>>,
  Check<Same<keyof modelwire.TimeoutOptions, keyof contract.TimeoutOptions>>,
  Check<Same<keyof modelwire.LimitOptions, keyof contract.LimitOptions>>,
  Check<Same<keyof modelwire.FallbackOptions, keyof contract.FallbackOptions>>,
  Check<Same<modelwire.LimitStore, contract.LimitStore>>,
  Check<Same<modelwire.LimitStatus, contract.LimitStatus>>,
  Check<Same<keyof modelwire.KeyRing, keyof contract.KeyRing>>,
  Check<Same<keyof modelwire.Limits, keyof contract.Limits>>,
  Check<Same<modelwire.ClientEvents, contract.ClientEvents>>,
  Check<Same<modelwire.LogRecord, contract.LogRecord>>,
  Check<Same<modelwire.LogSink, contract.LogSink>>,
  Check<Same<modelwire.BudgetOptions, contract.BudgetOptions>>,
  Check<Same<modelwire.CacheOptions, contract.CacheOptions>>,
  Check<Same<keyof modelwire.CacheOptions, keyof contract.CacheOptions>>,
  Check<Same<keyof modelwire.CacheControl, keyof contract.CacheControl>>,
  Check<Same<modelwire.EmbedRequest, contract.EmbedRequest>>,
  Check<Same<keyof modelwire.EmbedRequest, keyof contract.EmbedRequest>>,
  Check<Same<modelwire.EmbedResponse, contract.EmbedResponse>>,
  Check<Same<modelwire.TokenCount, contract.TokenCount>>,
  Check<Same<modelwire.ModelInfo, contract.ModelInfo>>,
  Check<Same<modelwire.Prices, contract.Prices>>,
  Check<Same<modelwire.Store, contract.Store>>,
  Check<Same<modelwire.PromptTemplate<"a">, contract.PromptTemplate<"a">>>,
  Check<Same<modelwire.TemplateVariables<'{"k":{a}} {{b}} {c} { d } {e.f}'>, contract.TemplateVariables<'{"k":{a}} {{b}} {c} { d } {e.f}'>>>,
  Check<Same<keyof modelwire.PromptLibrary, keyof contract.PromptLibrary>>,
  Check<Same<keyof modelwire.KeyVault, keyof contract.KeyVault>>,
  Check<Same<testing.MockReply, contract.MockReply>>,
  Check<Same<gateway.Caller, contract.Caller>>,
  Check<Same<keyof gateway.Caller, keyof contract.Caller>>,
  Check<Same<Omit<gateway.GatewayOptions, "onError">, contract.GatewayOptions>>,
  Check<Same<modelwire.NodeWritable, contract.NodeWritable>>,
  Check<Same<modelwire.FileHandle, contract.FileHandle>>,
];

// The checks can fail.
// @ts-expect-error
export type CanFail = Check<Same<"a", "b">>;
// @ts-expect-error
export type CanFailOnAny = Check<Assignable<any, string>>;
