import type { ColumnsInput } from "../vista/index.ts";
import type { MockResource } from "./mock-data.ts";

/**
 * What is known of each resource, wherever it is: the columns that such APIs agree on. What an API has beside them is
 * shown as it comes.
 */
export const apiResources: Readonly<
  Record<MockResource, { readonly title: string; readonly columns: ColumnsInput }>
> = {
  users: {
    title: "name",
    columns: {
      id: "integer",
      name: "text",
      username: "text",
      email: "text",
      phone: "text",
      website: "text",
      city: "json",
      company: "json",
    },
  },
  posts: { title: "title", columns: { id: "integer", userId: "integer", title: "text", body: "text" } },
  comments: {
    title: "name",
    columns: { id: "integer", postId: "integer", name: "text", email: "text", body: "text" },
  },
  albums: { title: "title", columns: { id: "integer", userId: "integer", title: "text" } },
  todos: {
    title: "title",
    columns: { id: "integer", userId: "integer", title: "text", completed: "boolean" },
  },
};
