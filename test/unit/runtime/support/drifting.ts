import type { ConnectOptions, Observer, RpcError, Target } from "sshrpc/client";
import type { Contract, JsonSchema, MethodContract, ResourceContract } from "sshrpc/contract";
import { type Api, type ApiHandlers, type Client, connectApi, type Method, type Validator } from "sshrpc/generated";
import { type AnyHandler, only, TestLog } from "./server.js";

type Methods = Readonly<Record<string, Partial<MethodContract>>>;

interface ApiParts {
  readonly version: string;
  readonly hash: string;
  readonly types?: Contract["types"];
  readonly callbacks?: Methods;
}

const TEXT: JsonSchema = { type: "string" };

/** An API with these methods by id, `GET /a`, and the parts of their contracts that matter. Requests and responses are texts. */
export function drifting(methods: Methods, { version, hash, types = {}, callbacks = {} }: ApiParts): Api {
  const contract: Contract = {
    sshrpc: 1,
    name: "drifting",
    version,
    hash,
    types,
    resources: resourcesOf(methods),
    callbacks: resourcesOf(callbacks),
  };
  return {
    name: "drifting",
    version,
    hash,
    methods: Object.entries(methods).map(([id, one]) => methodOf(id, one)),
    ...(Object.keys(callbacks).length > 0 && {
      callbacks: Object.entries(callbacks).map(([id, one]) => methodOf(id, one)),
    }),
    contract: async () => contract,
  };
}

function contractOf(one: Partial<MethodContract>): MethodContract {
  return { kind: "unary", idempotent: true, request: { type: "object" }, response: TEXT, ...one };
}

function resourcesOf(methods: Methods): Record<string, ResourceContract> {
  return Object.fromEntries(
    Object.entries(methods).map(([id, one]) => {
      const [verb, path] = id.split(" ") as [string, string];
      return [nameOf(path), { path, methods: { [verb]: contractOf(one) } }];
    }),
  );
}

function nameOf(path: string): string {
  return path.slice(1).replaceAll(/\W/g, "");
}

function methodOf(id: string, one: Partial<MethodContract>): Method {
  const [verb, path] = id.split(" ") as [Method["verb"], string];
  const { scope, idempotent, request, response } = contractOf(one);
  return {
    id,
    resource: nameOf(path),
    verb,
    path,
    kind: "unary",
    params: {},
    idempotent,
    ...(scope !== undefined && { scope }),
    request: validatorOf(request),
    response: validatorOf(response ?? {}),
  };
}

/** Validates the type and the required properties: what these contracts use. */
function validatorOf({ type, required = [] }: JsonSchema): Validator {
  return only((value) => {
    if (type === "integer") return Number.isInteger(value);
    if (type === "string") return typeof value === "string";
    return (required as readonly string[]).every((name) => Object.hasOwn(value as object, name));
  });
}

/** Handlers of an API: each returns the text of its method, or what `results` has. */
export function handling(api: Api, results: Readonly<Record<string, unknown>> = {}): ApiHandlers {
  const handler =
    (id: string): AnyHandler =>
    () =>
      id in results ? results[id] : id;
  return { api, handlers: new Map(api.methods.map(({ id }) => [id, handler(id)])) };
}

/** The functions of a client of a {@link drifting} API. */
export interface DriftingClient extends Client {
  readonly [resource: string]: unknown;
}

type Drift = Parameters<NonNullable<Observer["contractDrift"]>>[0];

/** A client of a {@link drifting} API, with the differences that it has reported. */
export async function connectDrifting(api: Api, target: Target, options: ConnectOptions<object> = {}) {
  const log = new TestLog();
  const drifts: Drift[] = [];
  const observer: Observer = { contractDrift: (drift) => void drifts.push(drift) };
  const client = await connectApi<DriftingClient>(api, target, { log, observer, ...options });
  const call = (id: string, request: object = {}): Promise<unknown> => {
    const [verb = "", path = ""] = id.split(" ");
    const resource = client[nameOf(path)] as Record<string, (request: object) => Promise<unknown>>;
    return (resource[verb.toLowerCase()] as (request: object) => Promise<unknown>)(request);
  };
  const fails = (id: string, request?: object): Promise<RpcError> =>
    call(id, request).then(
      () => Promise.reject(new Error("the call succeeded")),
      (error) => error,
    );
  return { client, log, drifts, call, fails };
}
