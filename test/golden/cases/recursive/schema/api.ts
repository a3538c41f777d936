import { defineApi } from "sshrpc/schema";
import Type from "typebox";

/** A tree of numbers. */
export const Tree = Type.Cyclic(
  {
    Node: Type.Object({
      value: Type.Number(),
      /** Deeper ones. */
      children: Type.Array(Type.Ref("Node")),
      parent: Type.Optional(Type.Ref("Node")),
    }),
  },
  "Node",
);

/** Any JSON. */
export const Json = Type.Cyclic(
  {
    Json: Type.Union([
      Type.Null(),
      Type.Boolean(),
      Type.Number(),
      Type.String(),
      Type.Array(Type.Ref("Json")),
      Type.Record(Type.String(), Type.Ref("Json")),
    ]),
  },
  "Json",
);

const Company = Type.Module({
  Person: Type.Object({ name: Type.String(), team: Type.Optional(Type.Ref("Team")) }),
  Team: Type.Object({ lead: Type.Ref("Person"), members: Type.Array(Type.Ref("Person")) }),
});

export const Person = Company.Person;
export const Team = Company.Team;

export default defineApi({
  name: "recursive",
  version: "1.0.0",
  resources: {
    tree: { GET: { request: Tree, response: Type.Array(Tree) } },
    json: { GET: { request: Type.Object({ value: Json }), response: Json } },
    list: {
      GET: {
        request: Type.Cyclic(
          { List: Type.Object({ head: Type.Integer(), tail: Type.Optional(Type.Ref("List")) }) },
          "List",
        ),
        response: Type.Null(),
      },
    },
    person: { UPDATE: { request: Person, response: Team } },
  },
});
