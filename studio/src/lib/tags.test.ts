import { expect, it } from "vitest";
import { tagChanges, withChanges } from "@/lib/tags";

it("changes what was changed, and leaves what somebody else changed", () => {
  const changes = tagChanges({ team: "blue", old: "1", same: "" }, { team: "red", same: "", new: "<b>" });
  expect(changes).toEqual({ old: null, team: "red", new: "<b>" });
  expect(withChanges({ team: "blue", old: "1", theirs: "x" }, changes)).toEqual({
    team: "red",
    theirs: "x",
    new: "<b>",
  });
});
