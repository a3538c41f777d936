import { createHash } from "node:crypto";
import type { Contract, MethodContract, ResourceContract, StreamContract } from "sshrpc/contract";
import { kept } from "../../base/kept.js";
import type { ApiModel, MethodModel, ResourceModel, StreamUse } from "../../model/api-model.js";
import { canonicalJson } from "../../model/schema/json-value.js";
import { withoutNotes } from "../../model/schema/schema-walk.js";

/** The contract of `model` as plain JSON, with its hash. */
export function contractOf(model: ApiModel): Contract {
  const { name, version, description, reserved } = model;
  const body = {
    sshrpc: 1 as const,
    name,
    version,
    types: Object.fromEntries(model.types.map((type) => [type.name, type.schema])),
    resources: resourcesOf(model.resources),
    callbacks: resourcesOf(model.callbacks),
  };
  return {
    ...body,
    ...(description === undefined ? {} : { description }),
    ...(reserved.length === 0 ? {} : { reserved }),
    hash: hashOf(body),
  };
}

/** SHA-256 over everything that affects a call. Descriptions, deprecations, reserved names and other annotations do not. */
function hashOf({ types, resources, callbacks, ...rest }: Omit<Contract, "hash">): string {
  const body = {
    ...rest,
    types: Object.fromEntries(Object.entries(types).map(([name, schema]) => [name, withoutNotes(schema)])),
    resources: bareResources(resources),
    callbacks: bareResources(callbacks),
  };
  return createHash("sha256").update(canonicalJson(body)).digest("hex");
}

function bareResources(resources: Contract["resources"]): unknown {
  return mapValues(resources, (resource) =>
    kept(bare, resource, ({ path, methods }) => ({ path, methods: mapValues(methods, bareMethod) })),
  );
}

function bareMethod({ description: _, deprecated: __, since: ___, errors, ...method }: MethodContract): unknown {
  const { request, requestStream, response, responseStream, ...rest } = method;
  const schemas = mapValues({ request, requestStream, response, responseStream }, (schema) =>
    typeof schema === "object" ? withoutNotes(schema) : schema,
  );
  return { ...rest, ...schemas, errors: mapValues(errors ?? {}, (schema) => withoutNotes(schema ?? {})) };
}

function resourcesOf(resources: readonly ResourceModel[]): Readonly<Record<string, ResourceContract>> {
  return Object.fromEntries(resources.map((resource) => [resource.name, kept(contracts, resource, resourceOf)]));
}

function resourceOf({ path, description, deprecated, since, reserved, methods }: ResourceModel): ResourceContract {
  return {
    path,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(since === undefined ? {} : { since }),
    ...(reserved.length === 0 ? {} : { reserved }),
    methods: Object.fromEntries(methods.map((method) => [method.verb, methodOf(method)])),
  };
}

/** Those of earlier runs. */
const contracts = new WeakMap<ResourceModel, ResourceContract>();
const bare = new WeakMap<ResourceContract, object>();

function methodOf(method: MethodModel): MethodContract {
  const { kind, description, deprecated, since, idempotent, scope, timeout, request, response, errors } = method;
  const { requestStream, responseStream, onInterrupt } = method;
  return {
    kind,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === undefined ? {} : { deprecated }),
    ...(since === undefined ? {} : { since }),
    idempotent,
    ...(onInterrupt === undefined ? {} : { onInterrupt }),
    ...(scope === undefined ? {} : { scope }),
    ...(timeout === undefined ? {} : { timeout }),
    request: request.schema,
    ...(requestStream === undefined ? {} : { requestStream: streamOf(requestStream) }),
    ...(response === undefined ? {} : { response: response.schema }),
    ...(responseStream === undefined ? {} : { responseStream: streamOf(responseStream) }),
    ...(errors.length === 0
      ? {}
      : { errors: Object.fromEntries(errors.map(({ status, schema }) => [status, schema])) }),
  };
}

function streamOf(stream: StreamUse): StreamContract {
  return stream === "bytes" ? stream : stream.schema;
}

function mapValues<In, Out>(map: Readonly<Record<string, In>>, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));
}
