import { Anchor, Badge, Group, Stack, Title } from "@mantine/core";
import { IconPackageOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { type JobEnvironment, useJobEnvironment } from "@/api/environments";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { path } from "@/lib/workspace";
import { BuildDetails } from "@/pages/environments/BuildDetails";
import { Definition } from "@/pages/environments/Definition";
import type { Subject } from "@/pages/jobs/job/subject";

/** The environment of a job: what was asked for, and exactly what stands behind it. */
export default function EnvironmentTab({ subject: { workspace, name } }: { subject: Subject }) {
  const { t } = useTranslation("environments");
  const found = useJobEnvironment(workspace, name);
  if (found.isPending) return <Loading />;
  if (found.error) return <ErrorBox error={found.error} retry={() => void found.refetch()} />;
  if (!found.data) return <EmptyState icon={IconPackageOff} title={t("job.none")} text={t("job.noneText")} />;
  return <Details workspace={workspace} environment={found.data} />;
}

function Details({ workspace, environment }: { workspace: string; environment: JobEnvironment }) {
  const { t } = useTranslation("environments");
  const { name, version, curated, definition, build } = environment;
  return (
    <Stack>
      <Group gap="sm">
        <Title order={2}>
          {name && version ? (
            <Anchor component={Link} to={path(workspace, "environments", name, version)} inherit>
              {name}:{version}
            </Anchor>
          ) : (
            (name ?? t("job.inline"))
          )}
        </Title>
        {curated && <Badge variant="light">{t("curated")}</Badge>}
      </Group>
      <BuildDetails build={build} />
      <Title order={2}>{t("asked")}</Title>
      <Definition definition={definition} />
    </Stack>
  );
}
