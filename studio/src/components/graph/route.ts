import { routeKey } from "@/components/graph/layout";
import type { GraphEdge, Point } from "@/components/graph/model";

const ROUND = 8;
const HEAD_LENGTH = 8;
const HEAD_HALF = 5;

/** Writes arrows as SVG paths: those drawn plain, those dashed, and the heads of both. */
export function pathsOf(edges: GraphEdge[], routes: Map<string, Point[]>) {
  const known = edges.flatMap(({ source, target, isDashed }) => {
    const points = routes.get(routeKey(source, target));
    return points ? [{ points, isDashed: isDashed ?? false }] : [];
  });
  const ways = (isDashed: boolean) => known.filter((one) => one.isDashed === isDashed);
  return {
    plain: ways(false)
      .map(({ points }) => pathOf(points))
      .join(" "),
    dashed: ways(true)
      .map(({ points }) => pathOf(points))
      .join(" "),
    heads: known.map(({ points }) => headOf(points)).join(" "),
  };
}

/** Writes a way as an SVG path whose corners are rounded. */
function pathOf(points: Point[]): string {
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

/** Writes the head of an arrow at the end of a way, as a closed SVG path. */
function headOf(points: Point[]): string {
  const [from, to] = [points.at(-2), points.at(-1)];
  if (!from || !to) return "";
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const [x, y] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [left, right] = [-1, 1].map((side) => [
    to.x - x * HEAD_LENGTH - side * y * HEAD_HALF,
    to.y - y * HEAD_LENGTH + side * x * HEAD_HALF,
  ]);
  return `M ${to.x} ${to.y} L ${left?.join(" ")} L ${right?.join(" ")} Z`;
}

/** The point a little way from a corner towards its neighbour, at most half the way. */
function towards(corner: Point, other: Point): Point {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y);
  const share = length === 0 ? 0 : Math.min(ROUND, length / 2) / length;
  return { x: corner.x + (other.x - corner.x) * share, y: corner.y + (other.y - corner.y) * share };
}
