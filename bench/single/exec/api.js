const anything = () => true;
const method = (verb, name, kind, more) => ({
  id: `${verb} /${name}`,
  resource: name,
  verb,
  path: `/${name}`,
  kind,
  params: {},
  idempotent: true,
  request: anything,
  ...more,
});

/** What the exec benchmark calls. */
export const execApi = {
  name: "bench",
  version: "1.0.0",
  hash: "bench",
  methods: [
    method("GET", "note", "unary", { response: anything }),
    method("GET", "file", "server-streaming", { responseItem: "bytes" }),
    method("STORE", "file", "client-streaming", { requestItem: "bytes", response: anything }),
  ],
};
