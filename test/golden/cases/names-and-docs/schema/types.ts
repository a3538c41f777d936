import Type from "typebox";

/** The address of a person. */
export const address = Type.Object({
  /** With the number. */
  street: Type.String(),
  city: Type.Optional(Type.String({ description: "By its option, not by a comment." })),
});

/**
 * Two lines
 * of comment, with a *\/ in it.
 *
 * @example { "name": "Ada" }
 */
export const Person = Type.Object({
  name: Type.String(),
  /** Where mail goes. */
  home: Type.Optional(address),
  work: Type.Optional(Type.Readonly(address)),
  /** @deprecated Use home. */
  address: Type.Optional(address),
  /** @deprecated */
  fax: Type.Optional(Type.String()),
  "first-name": Type.Optional(Type.String()),
  'say "hi"': Type.Optional(Type.String()),
  class: Type.Optional(Type.String()),
  constructor: Type.Optional(Type.String()),
});

/** Several. */
export const Crowd = Type.Object(
  {
    /** How many. */
    size: Type.Optional(Type.Integer({ deprecated: "Count them." })),
    names: Type.Optional(Type.String({ deprecated: true })),
  },
  { reserved: ["count"] },
);

/** The runtime and JavaScript have types of these names as well. */
export const Client = Type.Object({ agent: Type.String() });
export const Server = Type.Object({ clients: Type.Array(Client) });
export const Promise = Type.Object({ kept: Type.Boolean() });
export const RpcError = Type.Object({ code: Type.Integer() });
export const Record = Type.Record(Type.String(), Type.Integer());
export const Uint8Array = Type.Object({ size: Type.Integer() });
export const Callbacks = Type.Object({ count: Type.Integer() });
export const CallbackHandlers = Type.Object({ handled: Type.Boolean() });
export const ServerStreamingHandler = Type.Object({ server: Type.String() });

const hidden = Type.Object({ inline: Type.Boolean() });

export const WithHidden = Type.Object({ hidden: Type.Optional(hidden), shown: Type.Optional(Type.Partial(Person)) });

/** A string constant, not a type. */
export const Unused = Type.Object({ never: Type.String() });
export const limit = 5;
