import type { Point } from "@/components/graph/model";

const ROUND = 8;

/** Writes a way as an SVG path whose corners are rounded. */
export function pathOf(points: Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M ${first.x} ${first.y}`;
  let before = first;
  rest.forEach((point, index) => {
    const after = rest[index + 1];
    if (after) {
      const [into, out] = [towards(point, before), towards(point, after)];
      path += ` L ${into.x} ${into.y} Q ${point.x} ${point.y} ${out.x} ${out.y}`;
    } else path += ` L ${point.x} ${point.y}`;
    before = point;
  });
  return path;
}

/** The middle of a way, where its label stands. */
export function middleOf(points: Point[]): Point {
  const at = Math.floor((points.length - 1) / 2);
  const [from, to] = [points[at], points[at + 1]];
  if (!from || !to) return from ?? { x: 0, y: 0 };
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}

/** The point a little way from a corner towards its neighbour, at most half the way. */
function towards(corner: Point, other: Point): Point {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y);
  const share = length === 0 ? 0 : Math.min(ROUND, length / 2) / length;
  return { x: corner.x + (other.x - corner.x) * share, y: corner.y + (other.y - corner.y) * share };
}
