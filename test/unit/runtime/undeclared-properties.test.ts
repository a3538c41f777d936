import { connectSsh } from "sshrpc/client";
import { type Api, bindHandlers, connectApi, type RpcError, type Validator } from "sshrpc/generated";
import { serveHandlers } from "sshrpc/server";
import { generateKeyPair, inMemory } from "sshrpc/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { api as notes } from "../../../generated/api.js";
import type { NotesClient as Client } from "../../../generated/client.js";

const USED = ["GET /notes/{id}", "GET /notes", "GET /weblog", "GET /hello"];
const api: Api = { ...notes, methods: notes.methods.filter(({ id }) => USED.includes(id)) };

const SECRET = { passwordHash: "$2b$10$" };
const note = { id: 1, text: "hi", tags: ["a"], revision: 1, created: "2026-01-01T00:00:00.000Z" };
const hit = {
  host: "h",
  time: note.created,
  method: "GET",
  resource: "/",
  status: 200,
  bytes: 1,
  referrer: "",
  agent: "",
};

type Context = Readonly<Record<"callbacks", { agent: { get(): Promise<unknown> } }>> & {
  fail(status: string, details: unknown): never;
};

/** Handlers that return more than the schema of the example declares. */
const HANDLERS = {
  note: {
    get: ({ id }: { id: number }, ctx: Context) =>
      id === 1 ? { ...note, ...SECRET } : ctx.fail("NOT_FOUND", { id, ...SECRET }),
  },
  notes: { get: () => [{ ...note, ...SECRET }] },
  weblog: {
    async *get() {
      yield { ...hit, ...SECRET };
    },
  },
  hello: { get: async (_request: unknown, ctx: Context) => ({ msg: JSON.stringify(await ctx.callbacks.agent.get()) }) },
};

/** As code of an earlier version: validators without projections. */
function withoutProjections(of: Api): Api {
  const plain = <T>(validator: T): T =>
    typeof validator === "function"
      ? (((value: unknown) => (validator as unknown as Validator)(value)) as T)
      : validator;
  return {
    ...of,
    methods: of.methods.map((method) => {
      const changed = Object.entries(method).map(([key, value]) => [key, plain(value)]);
      return Object.fromEntries(changed) as typeof method;
    }),
  };
}

const callbacks = { agent: { get: () => ({ host: "h", load: 0.5, ...SECRET }) } };

function errorOf(result: object): RpcError | undefined {
  return "error" in result ? (result.error as RpcError) : undefined;
}

async function outcomes(client: Client): Promise<Readonly<Record<string, unknown>>> {
  const items: unknown[] = [];
  for await (const item of client.weblog.get({})) items.push(item);
  return {
    response: await client.note.get({ id: 1 }),
    list: await client.notes.get({}),
    details: errorOf(await client.note.get.safe({ id: 2 }))?.details,
    items,
    callback: JSON.parse((await client.hello.get({})).msg),
  };
}

const DECLARED = { response: note, list: [note], details: { id: 2 }, items: [hit], callback: { host: "h", load: 0.5 } };

async function startServer() {
  const user = generateKeyPair();
  const server = await serveHandlers(bindHandlers(api, HANDLERS), {
    ...{ host: "127.0.0.1", port: 0, log: false, korv: true, shell: true },
    hostKeys: { privateKey: generateKeyPair().privateKey },
    authorizedKeys: { lines: [`scopes="notes:read" ${user.publicKey}`] },
  });
  onTestFinished(() => server.close());
  const hostKey = server.fingerprints[0] as string;
  const options = { identity: { privateKey: user.privateKey }, hostKey, sshConfig: false, agent: false } as const;
  return { target: `ssh://alice@127.0.0.1:${server.port}`, options };
}

describe("a property that the schema does not declare does not reach the caller", () => {
  test("over the wire: of responses, items, details of errors and callbacks", async () => {
    await using client = await connectApi<Client>(api, inMemory(bindHandlers(api, HANDLERS)), { callbacks });
    expect(await outcomes(client)).toEqual(DECLARED);
  });

  test("over SSH, of commands", async () => {
    const { target, options } = await startServer();
    await using ssh = await connectSsh(target, options);
    expect(JSON.parse((await ssh.run("GET /notes/1")).stdout)).toEqual(note);
    expect(JSON.parse((await ssh.run("GET /weblog")).stdout)).toEqual(hit);
    let stderr = "";
    const onStderr = (chunk: Buffer) => {
      stderr += chunk;
    };
    expect((await ssh.run("GET /notes/2", { onStderr })).exitCode).toBe(4);
    expect(JSON.parse(stderr)).toMatchObject({ status: "NOT_FOUND", details: { id: 2 } });
    expect(stderr).not.toContain("passwordHash");
  });

  test("over korv", async () => {
    const { target, options } = await startServer();
    await using client = await connectApi<Client>(api, target, { ...options, protocol: "korv" });
    expect(await client.note.get({ id: 1 })).toEqual(note);
    expect(await client.notes.get({})).toEqual([note]);
  });

  test("but code of an earlier version, which has no projections, sends it", async () => {
    const earlier = withoutProjections(api);
    await using client = await connectApi<Client>(earlier, inMemory(bindHandlers(earlier, HANDLERS)));
    expect(await client.note.get({ id: 1 })).toEqual({ ...note, ...SECRET });
  });
});

describe('with undeclaredProperties: "refuse"', () => {
  const start = async (handlers: object) => {
    const errors: string[] = [];
    const log = { error: ({ err }: { err?: unknown }) => errors.push(String(err)) };
    const quiet = { debug: () => {}, info: () => {}, warn: () => {} };
    const server = inMemory(bindHandlers(api, handlers), {
      undeclaredProperties: "refuse",
      log: { ...quiet, ...log } as never,
    });
    const client = await connectApi<Client>(api, server, { callbacks });
    onTestFinished(() => client.close());
    return { client, errors };
  };

  test("a call with an undeclared property is INTERNAL, and the log has its path", async () => {
    const { client, errors } = await start(HANDLERS);
    expect(errorOf(await client.note.get.safe({ id: 1 }))).toMatchObject({ status: "INTERNAL" });
    expect(errorOf(await client.notes.get.safe({}))).toMatchObject({ status: "INTERNAL" });
    expect(errorOf(await client.note.get.safe({ id: 2 }))).toMatchObject({ status: "INTERNAL" });
    const stream = client.weblog.get({});
    await expect(stream[Symbol.asyncIterator]().next()).rejects.toMatchObject({ status: "INTERNAL" });
    expect(errors).toEqual([
      "Error: the handler's response does not match the contract: /passwordHash: unknown property",
      "Error: the handler's response does not match the contract: /0/passwordHash: unknown property",
      "Error: the details of NOT_FOUND do not match the contract: /passwordHash: unknown property",
      expect.stringContaining("/passwordHash: unknown property"),
    ]);
  });

  test("a call without one is answered, in any order of its properties", async () => {
    const reversed = Object.fromEntries(Object.entries(note).reverse());
    const { client } = await start({ ...HANDLERS, note: { get: () => reversed } });
    expect(await client.note.get({ id: 1 })).toEqual(note);
  });
});
