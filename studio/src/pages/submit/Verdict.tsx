import { Alert, Anchor, List, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Draft } from "@/api/drafts";
import { sentenceOf } from "@/pages/submit/checks";

interface Props {
  draft: Draft;
  goTo: (line: number, column: number) => void;
}

/** What the check of a document found: every problem with a link to its line, and what has no effect here. */
export function Verdict({ draft, goTo }: Props) {
  const { t } = useTranslation("submit");
  const { problems, warnings } = draft;
  return (
    <Stack gap="sm" role="status">
      {problems.length === 0 && <Alert color="teal" icon={<IconCheck aria-hidden />} title={t("check.good")} />}
      {problems.length > 0 && (
        <Alert color="red" icon={<IconX aria-hidden />} title={t("check.problems", { count: problems.length })}>
          <List size="sm" spacing={4}>
            {problems.map((problem) => (
              <List.Item key={`${problem.line}:${problem.column}:${problem.path}:${problem.message}`}>
                {problem.line !== null && (
                  <Anchor
                    component="button"
                    type="button"
                    fz="sm"
                    c="inherit"
                    underline="always"
                    onClick={() => goTo(problem.line ?? 1, problem.column ?? 1)}
                  >
                    {t("check.line", { line: problem.line })}
                  </Anchor>
                )}{" "}
                {problem.path && <Text span size="sm" ff="monospace">{`${problem.path}: `}</Text>}
                {sentenceOf(problem)}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {warnings.length > 0 && (
        <Alert color="orange" icon={<IconAlertTriangle aria-hidden />} title={t("check.warnings")}>
          <List size="sm">
            {warnings.map((warning) => (
              <List.Item key={warning}>{warning}</List.Item>
            ))}
          </List>
        </Alert>
      )}
    </Stack>
  );
}
