import { defineHandlerModule } from "../generated/server.js";

const texts = new Map<string, string>();

export default defineHandlerModule({
  shared: {
    get({ name }, ctx) {
      const text = texts.get(name) ?? ctx.fail("NOT_FOUND", { name }, "no such text");
      return { text };
    },
    store({ name, text }) {
      texts.set(name, text);
      return null;
    },
  },
});
