import { Bytes, defineApi } from "sshrpc/schema";
import Type from "typebox";

/** How busy a machine is. */
export const Load = Type.Object({ host: Type.String(), load: Type.Number() });

export const JobRef = Type.Object({ id: Type.Integer() });

export default defineApi({
  name: "fleet",
  version: "1.0.0",
  resources: {
    /** Every machine. */
    fleet: {
      GET: { responseStream: Load },
    },
    job: {
      path: "/jobs/{id}",
      STORE: { request: JobRef, response: Type.Null(), errors: { CONFLICT: JobRef } },
      UPDATE: { request: JobRef, requestStream: Bytes, responseStream: Bytes },
    },
    jobs: { STORE: { requestStream: JobRef, response: Type.Integer() } },
  },
  callbacks: {
    /** One machine, as it serves itself. */
    agent: {
      /** Says how busy it is. */
      GET: { response: Load },
      /** Runs a job there. */
      STORE: {
        request: Type.Object({ command: Type.String() }),
        responseStream: Type.Object({ line: Type.String() }),
        response: Type.Object({ code: Type.Integer() }),
        errors: { CONFLICT: Type.Object({ running: Type.String() }) },
        timeout: 60_000,
      },
    },
    disk: {
      path: "/disks/{name}",
      GET: { request: Type.Object({ name: Type.String() }), responseStream: Bytes },
      UPDATE: { request: Type.Object({ name: Type.String() }), requestStream: Bytes, responseStream: Load },
      STORE: { request: Type.Object({ name: Type.String() }), requestStream: Bytes, response: Type.Null() },
    },
  },
});
