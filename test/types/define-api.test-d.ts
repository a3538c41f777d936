import { Bytes, defineApi, defineResources } from "sshrpc/schema";
import Type from "typebox";
import { describe, expectTypeOf, test } from "vitest";

const Id = Type.Object({ id: Type.Integer() });
const Text = Type.String();
const about = { name: "test", version: "1.0.0" } as const;

describe("defineApi accepts", () => {
  test("every kind of method, and returns the schema unchanged", () => {
    const api = defineApi({
      ...about,
      description: "For people.",
      resources: {
        plain: { GET: { response: Text } },
        item: {
          path: "/items/{id}",
          description: "One item.",
          GET: { request: Id, response: Text, errors: { NOT_FOUND: Id }, scope: "items:read", timeout: 250 },
          DELETE: { request: Id, response: Type.Null(), idempotent: true, deprecated: "use UPDATE" },
          deprecated: true,
          since: "1.1.0",
          reserved: ["STORE"],
        },
        down: { GET: { responseStream: Text } },
        up: { STORE: { requestStream: Bytes, response: Text } },
        both: { UPDATE: { requestStream: Text, responseStream: Bytes, response: Text } },
      },
      reserved: ["old", "/old/{id}"],
      callbacks: { progress: { UPDATE: { request: Id, response: Type.Null() } } },
    });
    expectTypeOf(api.resources.item.GET.request).toEqualTypeOf(Id);
    expectTypeOf(api.resources.item.path).toEqualTypeOf<"/items/{id}">();
  });

  test("a parameter that is in each member of a union, or one of several, beside optional fields", () => {
    const More = Type.Object({ id: Type.Integer(), more: Type.Optional(Text) });
    defineResources({ a: { path: "/a/{id}", GET: { request: More, response: Text } } });
    const Either = Type.Union([Id, Type.Object({ id: Type.String(), more: Text })]);
    defineResources({ a: { path: "/a/{id}", GET: { request: Either, response: Text } } });
    const Two = Type.Object({ x: Text, y: Text });
    defineResources({ a: { path: "/a/{x}/b/{y}", GET: { request: Two, response: Text } } });
  });

  test("resources that other files declare", () => {
    const items = defineResources({ item: { path: "/items/{id}", GET: { request: Id, response: Text } } });
    defineApi({ ...about, resources: { ...items, plain: { GET: { response: Text } } } });
  });
});

describe("defineApi refuses", () => {
  test("an unknown verb", () => {
    // @ts-expect-error PUT is not a verb
    defineApi({ ...about, resources: { a: { PUT: { response: Text } } } });
    // @ts-expect-error verbs are in capitals
    defineApi({ ...about, resources: { a: { get: { response: Text } } } });
    // @ts-expect-error in resources of one file, too
    defineResources({ a: { PATCH: { response: Text } } });
  });

  test("an unknown option, at each level", () => {
    // @ts-expect-error it is called response
    defineApi({ ...about, resources: { a: { GET: { response: Text, result: Text } } } });
    // @ts-expect-error it is called path
    defineApi({ ...about, resources: { a: { route: "/a", GET: { response: Text } } } });
    // @ts-expect-error it is called resources
    defineApi({ ...about, resources: {}, methods: {} });
  });

  test("a {param} without a field in the request", () => {
    // @ts-expect-error the field is id
    defineApi({ ...about, resources: { a: { path: "/a/{key}", GET: { request: Id, response: Text } } } });
    // @ts-expect-error the request is missing
    defineApi({ ...about, resources: { a: { path: "/a/{id}", GET: { response: Text } } } });
    // @ts-expect-error DELETE lacks it
    defineResources({ a: { path: "/a/{id}", GET: { request: Id, response: Text }, DELETE: { response: Text } } });
    // @ts-expect-error the second of two
    defineResources({ a: { path: "/a/{id}/{key}", GET: { request: Id, response: Text } } });
    const callbacks = { a: { path: "/a/{key}", GET: { request: Id, response: Text } } } as const;
    // @ts-expect-error in callbacks, too
    defineApi({ ...about, resources: {}, callbacks });
  });

  test("a {param} whose field is optional", () => {
    const Maybe = Type.Object({ id: Type.Optional(Type.Integer()) });
    // @ts-expect-error id is optional
    defineApi({ ...about, resources: { a: { path: "/a/{id}", GET: { request: Maybe, response: Text } } } });
    // @ts-expect-error in one member of a union
    defineResources({ a: { path: "/a/{id}", GET: { request: Type.Union([Id, Maybe]), response: Text } } });
  });

  test("a method without a response", () => {
    // @ts-expect-error a method needs a response, a responseStream, or both
    defineApi({ ...about, resources: { a: { GET: { request: Id } } } });
    // @ts-expect-error a request stream is not a response
    defineApi({ ...about, resources: { a: { STORE: { requestStream: Bytes } } } });
  });

  test("a value of the wrong type", () => {
    // @ts-expect-error a schema is not a string
    defineApi({ ...about, resources: { a: { GET: { response: "string" } } } });
    // @ts-expect-error OK is not an error
    defineApi({ ...about, resources: { a: { GET: { response: Text, errors: { OK: Text } } } } });
    // @ts-expect-error unknown status
    defineApi({ ...about, resources: { a: { GET: { response: Text, errors: { TEAPOT: Text } } } } });
    // @ts-expect-error milliseconds are a number
    defineApi({ ...about, resources: { a: { GET: { response: Text, timeout: "1s" } } } });
    // @ts-expect-error Bytes is a stream only
    defineApi({ ...about, resources: { a: { GET: { response: Bytes } } } });
    // @ts-expect-error the details of an error are no stream
    defineApi({ ...about, resources: { a: { GET: { response: Text, errors: { CONFLICT: Bytes } } } } });
    // @ts-expect-error nor a text
    defineApi({ ...about, resources: { a: { GET: { response: Text, errors: { CONFLICT: "x" } } } } });
    // @ts-expect-error the items of a stream have a schema
    defineApi({ ...about, resources: { a: { GET: { responseStream: "x" } } } });
    // @ts-expect-error in both directions
    defineApi({ ...about, resources: { a: { STORE: { requestStream: "x", response: Text } } } });
    // @ts-expect-error an API has a version
    defineApi({ name: "test", resources: {} });
  });
});
