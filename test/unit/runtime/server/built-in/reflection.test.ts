import { once } from "node:events";
import { gunzipSync, gzipSync } from "node:zlib";
import type ssh2 from "ssh2";
import { contractOf, fetchContract, type RpcError } from "sshrpc/client";
import type { Contract } from "sshrpc/contract";
import { type Client, connectApi } from "sshrpc/generated";
import { type InMemoryServer, inMemory } from "sshrpc/testing";
import { expect, onTestFinished, test } from "vitest";
import { CONTRACT, NOTES, notesHandlers, serveNotes } from "../../adapters/notes-server.js";
import { serveSsh } from "../../adapters/ssh-server.js";
import { apiOf, handlersOf, method } from "../../support/server.js";
import { failure } from "../../support/wait.js";

const LOAD = { type: "object", properties: { load: { type: "number" } } };
const AGENT = {
  kind: "unary",
  idempotent: true,
  request: { type: "object" },
  response: { $ref: "#/types/Load" },
} as const;
/** The contract of the notes with a callback, whose type no method of a resource uses. */
const WITH_CALLBACKS: Contract = {
  ...CONTRACT,
  types: { ...CONTRACT.types, Load: LOAD },
  callbacks: { agent: { path: "/agent", methods: { GET: AGENT } } },
};

const api = { ...NOTES, contract: async () => WITH_CALLBACKS };

function serve(): InMemoryServer {
  return inMemory({ ...notesHandlers(), api });
}

/** Runs a command to its end. */
async function run(command: string, scopes: readonly string[]) {
  await using served = await serveSsh(notesHandlers(), { scopes });
  const { stdout, stderrTail, exitCode } = await served.ssh.run(command);
  return { stdout, stderr: stderrTail, status: exitCode };
}

/** The ids of the methods of a contract. */
const idsOf = ({ resources }: Contract): readonly string[] =>
  Object.values(resources).flatMap(({ path, methods }) => Object.keys(methods).map((verb) => `${verb} ${path}`));

test("a client reads the whole contract with the scope sshrpc:contract", async () => {
  await using client = await connectApi<Client>(api, serve().as({ scopes: ["sshrpc:contract"] }));
  expect(await contractOf(client)).toEqual({ contract: WITH_CALLBACKS, complete: true });
});

test("without the scope, the contract has the methods that the caller may call, and what these refer to", async () => {
  const server = serve();
  await using client = await connectApi<Client>(api, server.as({ scopes: ["notes:read"] }));
  const { contract, complete } = await contractOf(client);
  expect(complete).toBe(false);
  expect(idsOf(contract)).toEqual(["GET /notes", "GET /notes/{id}", "GET /ticks", "GET /files/{name}"]);
  expect(Object.keys(contract.types)).toEqual(["Note", "Tag", "Load"]);
  expect(contract).toMatchObject({ name: "notes", version: "1.0.0", hash: "00", callbacks: WITH_CALLBACKS.callbacks });
});

test("types that only hidden methods use are left out", async () => {
  const { contract } = await fetchContract(serve().as({ scopes: [] }));
  expect(idsOf(contract)).not.toContain("GET /notes");
  expect(Object.keys(contract.types)).toEqual(["Note", "Load"]);
});

test("nothing of a part tells of what is hidden: no reserved name, and no type that a value seems to refer to", async () => {
  const { notes } = CONTRACT.resources;
  const { note } = CONTRACT.resources;
  const hidden: Contract = {
    ...CONTRACT,
    reserved: ["secrets", "/secrets/{id}"],
    types: {
      ...CONTRACT.types,
      Secret: { type: "string" },
      Note: { ...CONTRACT.types["Note"], examples: [{ $ref: "#/types/Secret" }], enum: [{ $ref: "#/types/Secret" }] },
    },
    resources: {
      ...CONTRACT.resources,
      ...(notes && { notes: { ...notes, reserved: ["DELETE"] } }),
      ...(note && { note: { ...note, reserved: ["UPDATE"] } }),
    },
  };
  const server = inMemory({ ...notesHandlers(), api: { ...NOTES, contract: async () => hidden } });
  const part = await fetchContract(server.as({ scopes: ["notes:read"] }));
  expect(part.complete).toBe(false);
  expect(JSON.stringify({ ...part.contract, types: Object.keys(part.contract.types) })).not.toMatch(
    /reserved|[Ss]ecret/,
  );
  const whole = await fetchContract(server.as({ scopes: ["sshrpc:contract"] }));
  expect(whole.contract).toEqual(hidden);
});

test("a client whose option contractDrift refuses the calls still reads the contract", async () => {
  const other = { ...api, hash: "11" };
  // Without its own contract, the client cannot compare.
  const { contract: _, ...uncompared } = other;
  await using client = await connectApi<Client>(uncompared, serve(), { contractDrift: "refuse" });
  expect((await contractOf(client)).contract.hash).toBe("00");
});

test("a program without the contract reads it with fetchContract", async () => {
  expect(await fetchContract(serve().as({ scopes: ["*"] }))).toMatchObject({ complete: false });
  expect(await fetchContract(serve().as({ scopes: ["sshrpc:*"] }))).toEqual({
    contract: WITH_CALLBACKS,
    complete: true,
  });
});

test("a server that was built without its contract answers UNIMPLEMENTED, with what to do", async () => {
  const it = method("GET /it");
  const server = inMemory(handlersOf([it], { [it.id]: () => null }));
  const { status, message } = await failure<RpcError>(fetchContract(server));
  expect(status).toBe("UNIMPLEMENTED");
  expect(message).toMatch(/no schemas; run `sshrpc gen`/);
});

test("contractOf refuses what is not a client", async () => {
  expect(await failure(contractOf({} as Client))).toMatchObject({ status: "BAD_REQUEST" });
});

test("a resource of the schema may have the name of a built-in one", async () => {
  const it = method("GET /contract", { resource: "contract" });
  const server = inMemory({
    api: { ...apiOf(it), contract: api.contract },
    handlers: new Map([[it.id, () => "mine"]]),
  });
  interface ContractClient extends Client {
    readonly contract: { get(): Promise<unknown> };
  }
  await using client = await connectApi<ContractClient>(apiOf(it), server);
  expect(await client.contract.get()).toBe("mine");
  expect((await contractOf(client)).contract.name).toBe("notes");
});

test("a server does not start with a method of the reserved paths", () => {
  const it = method("GET /sshrpc/it");
  expect(() => inMemory(handlersOf([it], { [it.id]: () => null }))).toThrow(
    "GET /sshrpc/it: paths below /sshrpc/ are reserved",
  );
});

test("a path of parameters does not match a reserved path", async () => {
  const it = method("GET /{a}/{b}", { params: { a: "string", b: "string" } });
  const { server } = serveNotes();
  expect(server.resolve("GET /sshrpc/contract").method.id).toBe("GET /sshrpc/contract");
  const wide = inMemory(handlersOf([it], { [it.id]: (request) => request }));
  interface WideClient extends Client {
    readonly it: { get(): Promise<unknown> };
  }
  const named = method("GET /sshrpc/other", { resource: "it" });
  await using client = await connectApi<WideClient>(apiOf(named), wide);
  expect(await failure(client.it.get())).toMatchObject({ status: "UNIMPLEMENTED" });
});

test.each(["contract", "GET /sshrpc/contract"])("the command %s prints the contract", async (command) => {
  const { stdout, status } = await run(command, ["notes:read"]);
  expect(status).toBe(0);
  const { contract, complete } = JSON.parse(stdout);
  expect(idsOf(contract)).toEqual(["GET /notes", "GET /notes/{id}", "GET /ticks", "GET /files/{name}"]);
  expect(complete).toBe(false);
});

test("the command takes no fields", async () => {
  const { stderr, status } = await run("contract x=1", ["*"]);
  expect(status).toBe(4);
  expect(JSON.parse(stderr)).toMatchObject({ status: "BAD_REQUEST", details: { issues: [{ path: "/x" }] } });
});

test("help and describe know the built-in method; the list of methods has those of the contract", async () => {
  expect((await run("help", ["*"])).stdout).toMatch(/\n {2}contract +print the contract/);
  expect((await run("help", ["*"])).stdout).not.toContain("/sshrpc/contract");
  expect((await run("help /sshrpc/contract", [])).stdout).toMatch(/^GET \/sshrpc\/contract\n {2}Returns the contract/);
  const { resources } = JSON.parse((await run("describe contract", [])).stdout);
  expect(resources.contract.methods.GET.response.properties).toHaveProperty("complete");
});

test("an unknown path below /sshrpc/ is NOT_FOUND with the nearest one", async () => {
  const { stderr } = await run("GET /sshrpc/contact", []);
  expect(JSON.parse(stderr).message).toMatch(/did you mean \/sshrpc\/contract\?$/);
});

test("a shell and a korv client read it, too", async () => {
  await using served = await serveSsh(notesHandlers(), { korv: true });
  const client = await served.connect();
  onTestFinished(() => void client.end());
  const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.shell(false, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
  let text = "";
  shell.on("data", (chunk: Buffer) => {
    text += chunk;
  });
  shell.end("contract\n");
  await once(shell, "close");
  expect(JSON.parse(text)).toMatchObject({ complete: false, contract: { name: "notes" } });
  const korv = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
    client.forwardOut("127.0.0.1", 2, "127.0.0.1", 1, (error, channel) => (error ? reject(error) : resolve(channel))),
  );
  korv.write(gzipSync(JSON.stringify({ id: 1, verb: "GET", resource: "/sshrpc/contract", body: null })));
  const [answer] = (await once(korv, "data")) as [Buffer];
  expect(JSON.parse(gunzipSync(answer).toString())).toMatchObject({ code: 200, body: { complete: false } });
});
