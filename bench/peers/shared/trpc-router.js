import { initTRPC } from "@trpc/server";

const t = initTRPC.create();
// Without an input, tRPC has none for the resolver: this one takes any.
const echo = t.procedure.input((value) => value).query(({ input }) => input);

export const router = t.router({ item: echo, list: echo, text: echo });
