import { createSeededChoices, type SeededChoices } from "./seeded-choices.ts";

/** A row as the mock API has it; only JSON. */
export type MockRow = Readonly<Record<string, unknown>> & { readonly id: number | string };

export const mockResources = ["users", "posts", "comments", "albums", "todos"] as const;
export type MockResource = (typeof mockResources)[number];

/** Made up, in their number as in their content. */
const COUNTS: Readonly<Record<MockResource, number>> = {
  users: 10,
  posts: 100,
  comments: 500,
  albums: 100,
  todos: 200,
};

const FIRST_NAMES = ["Ada", "Bruno", "Chiara", "Dmitri", "Esra", "Femi", "Greta", "Hiro", "Ines", "Jonas"];
const LAST_NAMES = [
  "Adler",
  "Bianchi",
  "Costa",
  "Dunn",
  "Eriksen",
  "Farkas",
  "Green",
  "Horvat",
  "Ivanova",
  "Jensen",
];
const CITIES = ["Bergen", "Cork", "Ghent", "Izmir", "Lagos", "Porto", "Sapporo", "Trieste"];
const COMPANIES = ["Blue Anchor", "Copper Mill", "Green Lantern Tea", "North Harbour", "Quiet Paper"];
const WORDS = [
  "amber",
  "bridge",
  "cloud",
  "door",
  "early",
  "field",
  "garden",
  "harbour",
  "island",
  "journey",
  "kitchen",
  "lantern",
  "market",
  "night",
  "orchard",
  "paper",
  "quiet",
  "river",
  "stone",
  "train",
  "under",
  "valley",
  "winter",
  "yellow",
];

/** The rows of every resource, the same for the same seed. */
export function createMockData(seed: number): ReadonlyMap<MockResource, readonly MockRow[]> {
  return new Map(
    mockResources.map((resource, at) => {
      const choices = createSeededChoices(seed * mockResources.length + at);
      const rows = Array.from({ length: COUNTS[resource] }, (_, index) =>
        makers[resource](index + 1, choices),
      );
      return [resource, rows];
    }),
  );
}

const makers: Readonly<Record<MockResource, (id: number, choices: SeededChoices) => MockRow>> = {
  users: (id, choices) => {
    const [first, last] = [
      FIRST_NAMES[id - 1] ?? "",
      LAST_NAMES[choices.integer(0, LAST_NAMES.length - 1)] ?? "",
    ];
    const username = `${first}.${last}`.toLowerCase();
    return {
      id,
      name: `${first} ${last}`,
      username,
      email: `${username}@mail.example`,
      phone: `+000 ${choices.integer(100, 999)} ${choices.integer(1000, 9999)}`,
      website: `${first.toLowerCase()}.example`,
      city: choices.pick(CITIES),
      company: choices.pick(COMPANIES),
    };
  },
  posts: (id, choices) => ({
    id,
    userId: ownerOf(id, COUNTS.posts, COUNTS.users),
    title: sentence(choices, 3, 6),
    body: text(choices, 3),
  }),
  comments: (id, choices) => ({
    id,
    postId: ownerOf(id, COUNTS.comments, COUNTS.posts),
    name: sentence(choices, 2, 4),
    email: `${choices.pick(FIRST_NAMES)}@mail.example`.toLowerCase(),
    body: text(choices, 2),
  }),
  albums: (id, choices) => ({
    id,
    userId: ownerOf(id, COUNTS.albums, COUNTS.users),
    title: sentence(choices, 2, 4),
  }),
  todos: (id, choices) => ({
    id,
    userId: ownerOf(id, COUNTS.todos, COUNTS.users),
    title: sentence(choices, 3, 5),
    completed: choices.integer(0, 1) === 1,
  }),
};

/** As many for each owner, in their order. */
const ownerOf = (id: number, count: number, owners: number): number => Math.ceil((id * owners) / count);

function sentence(choices: SeededChoices, least: number, most: number): string {
  const words = Array.from({ length: choices.integer(least, most) }, () => choices.pick(WORDS));
  const line = words.join(" ");
  return `${line.charAt(0).toUpperCase()}${line.slice(1)}`;
}

const text = (choices: SeededChoices, sentences: number): string =>
  Array.from({ length: sentences }, () => `${sentence(choices, 4, 8)}.`).join(" ");
