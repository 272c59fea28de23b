import { array, assert, asyncProperty, boolean, record } from "fast-check";
import { expect, test } from "vitest";
import { runs } from "../../test/properties/runs.ts";
import { createState, type Step, step } from "../../test/dio/state-steps.ts";
import type { Row } from "../record/index.ts";
import type { OverlayOp } from "./overlay.ts";

/** Each stretch of changes ends with a publication; a listener or handler may make more changes in the middle. */
const stretch = record({
  steps: array(step, { maxLength: 6 }),
  inListener: array(step, { maxLength: 3 }),
  byHandler: boolean(),
});

test("D1 D2 D3 D4 who follows publications or events sees what is visible, each object as long as its content", async () => {
  const play = async (stretches: readonly { steps: Step[]; inListener: Step[]; byHandler: boolean }[]) => {
    const state = await createState();
    const ops: OverlayOp[] = [];
    let more: Step[] = [];
    let byHandler = false;
    const disturb = (): void => {
      const steps = more;
      more = [];
      for (const each of steps) each(state, ops);
    };
    const followed = new Map<string, Row>();
    const byEvents = new Map<string, Row>();
    state.subscribe(({ changes, reset }) => {
      if (reset) {
        followed.clear();
        for (const [key, shown] of state.visibleEntries()) followed.set(key, shown);
      }
      for (const { id: key, before, after } of changes) {
        expect(followed.get(key)).toBe(before);
        expect(after).not.toEqual(before);
        if (after === undefined) followed.delete(key);
        else followed.set(key, after);
      }
      expect(new Map(state.visibleEntries())).toEqual(followed);
      if (!byHandler) disturb();
    });
    // A handler reads when the stretch is over: in the middle of one it could see what is taken back in it.
    const told = new Set<string>();
    for (const type of ["recordInserted", "recordChanged", "recordRemoved"] as const) {
      state.bus.on(type, (event) => {
        told.add(event.id);
        if (byHandler) disturb();
      });
    }
    state.bus.on("invalidated", () => {
      for (const key of "abcde") told.add(key);
    });
    const reread = (): void => {
      for (const key of told) {
        const shown = state.visible(key);
        if (shown === undefined) byEvents.delete(key);
        else byEvents.set(key, shown);
      }
      told.clear();
    };
    for (const { steps, inListener, byHandler: handler } of stretches) {
      more = inListener;
      byHandler = handler;
      for (const each of steps) each(state, ops);
      for (let turn = 0; turn < 3; turn++) await state.published();
      reread();
      const visible = new Map(state.visibleEntries());
      expect(followed).toEqual(visible);
      expect(byEvents).toEqual(visible);
      for (const [key, shown] of visible) expect(followed.get(key)).toBe(shown);
      expect(state.visibleCount).toBe(visible.size);
    }
  };
  await assert(asyncProperty(array(stretch, { maxLength: 25 }), play), runs(1_500));
}, 60_000);
