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

/** Methods for the stream benchmark, without validation: what is compared with does none either. */
export const streamsApi = {
  name: "bench",
  version: "1.0.0",
  hash: "bench",
  methods: [
    method("blob", "server-streaming", { responseItem: "bytes" }),
    method("tick", "server-streaming", { responseItem: anything }),
    method("echo", "unary", { response: anything }),
  ],
};
