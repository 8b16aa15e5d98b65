import { Badge, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ColumnProfile } from "@/api/data";
import { formatNumber } from "@/lib/format";
import { Histogram } from "@/pages/data/profile/Histogram";
import classes from "@/pages/data/profile/profile.module.css";
import { TopValues } from "@/pages/data/profile/TopValues";

/** One column: its name and type, a picture of its values, and the figures. */
export function ColumnCard({ column }: { column: ColumnProfile }) {
  const isSpread = column.histogram && column.histogram.counts.length > 1;
  return (
    <Paper withBorder p="sm" component="article" aria-label={column.name}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Title order={2} fz="sm" className={classes.cut} title={column.name}>
            {column.name}
          </Title>
          <Badge variant="default" tt="none" style={{ flexShrink: 0 }}>
            {column.type}
          </Badge>
        </Group>
        {isSpread && column.histogram && (
          <Histogram name={column.name} histogram={column.histogram} isTime={column.kind === "time"} />
        )}
        {!isSpread && column.top && <TopValues top={column.top} count={column.count} />}
        <Figures column={column} />
      </Stack>
    </Paper>
  );
}

function Figures({ column }: { column: ColumnProfile }) {
  const { t, i18n } = useTranslation("data");
  const whole = (value: number) => value.toLocaleString(i18n.language);
  const all = column.count + column.missing;
  const share = all > 0 ? (100 * column.missing) / all : 0;
  const [, q1, median, q3] = column.quantiles ?? [];
  const figures: [string, string | null][] = [
    [t("profile.missing"), `${whole(column.missing)} (${formatNumber(share, 3)} %)`],
    [t("profile.distinct"), column.distinct === null ? null : whole(column.distinct)],
    [t("profile.min"), number(column.min)],
    [t("profile.max"), number(column.max)],
    [t("profile.mean"), number(column.mean)],
    [t("profile.std"), number(column.std)],
    [t("profile.median"), number(median)],
    [t("profile.quartiles"), q1 === undefined || q3 === undefined ? null : `${number(q1)} – ${number(q3)}`],
    [t("profile.first"), moment(column.first)],
    [t("profile.last"), moment(column.last)],
  ];
  return (
    <dl className={classes.figures}>
      {figures.map(([name, value]) =>
        value === null ? null : (
          <div key={name} className={classes.figure}>
            <Text component="dt" size="xs" c="dimmed">
              {name}
            </Text>
            <Text component="dd" size="xs" m={0} className="number">
              {value}
            </Text>
          </div>
        ),
      )}
    </dl>
  );
}

function number(value: number | undefined): string | null {
  return value === undefined ? null : formatNumber(value);
}

function moment(text: string | undefined): string | null {
  return text === undefined ? null : text.replace("T", " ").replace(/ 00:00:00$/, "");
}
