import { useTranslation } from "react-i18next";
import type { ColumnProfile } from "@/api/data";
import { formatNumber } from "@/lib/format";
import classes from "@/pages/data/profile/profile.module.css";

type Spread = NonNullable<ColumnProfile["histogram"]>;

const WIDTH = 240;
const HEIGHT = 64;
const GAP = 1;

interface Props {
  name: string;
  histogram: Spread;
  /** The edges are moments, in milliseconds. */
  isTime: boolean;
}

/** How the values of a column are spread: a bar a part, its limits and count on hover. */
export function Histogram({ name, histogram, isTime }: Props) {
  const { t } = useTranslation("data");
  const { edges, counts } = histogram;
  const most = Math.max(1, ...counts);
  const width = WIDTH / counts.length;
  const text = (value: number | undefined) => edgeText(value ?? Number.NaN, isTime);
  const label = t("profile.histogram", { name, from: text(edges[0]), to: text(edges.at(-1)) });
  return (
    <div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        className={classes.histogram}
        role="img"
        aria-label={label}
      >
        {counts.map((count, index) => {
          const height = count > 0 ? Math.max(1.5, (HEIGHT * count) / most) : 0;
          return (
            <rect
              key={edges[index]}
              x={index * width}
              y={HEIGHT - height}
              width={Math.max(0.5, width - GAP)}
              height={height}
              className={classes.bar}
            >
              <title>{t("profile.bin", { from: text(edges[index]), to: text(edges[index + 1]), count })}</title>
            </rect>
          );
        })}
      </svg>
      <div className={classes.edges} aria-hidden>
        <span>{text(edges[0])}</span>
        <span>{text(edges.at(-1))}</span>
      </div>
    </div>
  );
}

function edgeText(value: number, isTime: boolean): string {
  return isTime ? new Date(value).toISOString().slice(0, 10) : formatNumber(value, 4);
}
