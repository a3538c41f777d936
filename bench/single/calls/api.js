/** The echo method of the example API, with its generated validators. */
export async function echoApi() {
  /** @type {{ api: import("sshrpc/generated").Api }} */
  const { api } = await import("../../../generated/api.js");
  return { ...api, methods: api.methods.filter(({ resource }) => resource === "echo") };
}
