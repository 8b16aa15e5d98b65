import type { CSSProperties, ReactNode } from "react";
import classes from "@/components/graph/graph.module.css";

interface Props {
  title: ReactNode;
  /** The second line: a status, a version, a time. */
  children?: ReactNode;
  /** One of the theme's colours, as `statusColour` gives it. */
  colour?: string;
  isSelected?: boolean;
  /** Shown whole on hover. */
  hint?: string;
}

/** The usual content of a node: a name and a line below it, with a coloured edge. */
export function NodeCard({ title, children, colour, isSelected, hint }: Props) {
  const shade = colour === "gray" ? "gray-5" : `${colour}-filled`;
  const style = colour ? ({ "--card-colour": `var(--mantine-color-${shade})` } as CSSProperties) : undefined;
  return (
    <div className={classes.card} style={style} data-selected={isSelected || undefined} title={hint}>
      <div className={classes.title}>{title}</div>
      {children !== undefined && <div className={classes.detail}>{children}</div>}
    </div>
  );
}
