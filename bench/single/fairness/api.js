// The API of the fairness benchmark, without validation. Keys without scopes may call all but `secret`.
const anything = () => true;
const method = (name, kind, more) => ({
  id: `GET /${name}`,
  resource: name,
  verb: "GET",
  path: `/${name}`,
  kind,
  params: {},
  idempotent: true,
  request: anything,
  ...more,
});

export const fairnessApi = {
  name: "fairness",
  version: "1.0.0",
  hash: "fairness",
  methods: [
    method("echo", "unary", { response: anything }),
    method("wait", "unary", { response: anything }),
    method("texts", "server-streaming", { responseItem: anything }),
    method("secret", "unary", { response: anything, scope: "secrets:read" }),
    method("large", "unary", { response: anything }),
    method("both", "bidirectional", { requestItem: anything, responseItem: anything }),
    method("clients", "server-streaming", { responseItem: anything }),
    method("stuck", "unary", { response: anything }),
    // As generated code has it for a method that takes nothing.
    method("nothing", "unary", { response: anything, maxRequest: 1088 }),
  ],
  callbacks: [method("agent", "unary", { response: anything })],
};

const TEXT = "x".repeat(60_000);
const LARGE = "x".repeat(1_000_000);

const aborted = (signal) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

export const fairnessHandlers = {
  echo: { get: (request) => request },
  wait: { get: (_request, { signal }) => aborted(signal) },
  texts: {
    get: async function* () {
      for (;;) yield TEXT;
    },
  },
  secret: { get: () => ({}) },
  large: { get: () => LARGE },
  both: {
    get: async function* (_request, items) {
      yield* items;
    },
  },
  clients: {
    get: async function* (_request, ctx) {
      const calls = ctx.clients.map(({ callbacks }) => callbacks.agent.get({}, { parent: ctx }).catch(() => null));
      for (const call of calls) yield await call;
    },
  },
  // It ignores `ctx.signal`.
  stuck: { get: () => new Promise((resolve) => setTimeout(resolve, 60_000).unref()) },
  nothing: { get: () => null },
};
