import { defineHandlerModule } from "../generated/server.js";

export default defineHandlerModule({
  timeTest: { get: () => ({ time: new Date().toISOString() }) },
});
