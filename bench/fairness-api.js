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
  ],
};

const TEXT = "x".repeat(60_000);

export const fairnessHandlers = {
  echo: { get: (request) => request },
  wait: {
    get: (_request, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  },
  texts: {
    get: async function* () {
      for (;;) yield TEXT;
    },
  },
  secret: { get: () => ({}) },
};
