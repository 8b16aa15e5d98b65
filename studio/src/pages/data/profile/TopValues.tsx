import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ColumnProfile } from "@/api/data";
import classes from "@/pages/data/profile/profile.module.css";

const SHOWN = 6;

/** The most frequent values of a column, each with its share as a bar. */
export function TopValues({ top, count }: { top: NonNullable<ColumnProfile["top"]>; count: number }) {
  const { t, i18n } = useTranslation("data");
  const most = Math.max(1, ...top.map((one) => one.count));
  return (
    <ul className={classes.top} aria-label={t("profile.top")}>
      {top.slice(0, SHOWN).map((one) => (
        <li key={one.value} className={classes.value} title={`${one.value}: ${one.count} / ${count}`}>
          <span className={classes.share} style={{ width: `${(100 * one.count) / most}%` }} aria-hidden />
          <Text size="xs" className={classes.cut}>
            {one.value === "" ? "“”" : one.value}
          </Text>
          <Text size="xs" className="number">
            {one.count.toLocaleString(i18n.language)}
          </Text>
        </li>
      ))}
    </ul>
  );
}
