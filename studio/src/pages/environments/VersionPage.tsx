import { Badge, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { useAssetChanges } from "@/api/assets";
import { type EnvironmentVersion, useEnvironmentBuild, useEnvironmentVersion } from "@/api/environments";
import { AssetActions } from "@/components/assets/AssetActions";
import { EditDescription } from "@/components/EditDescription";
import { EditTags } from "@/components/EditTags";
import { ErrorBox } from "@/components/ErrorBox";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { NewDocumentLink } from "@/components/NewDocumentLink";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { BuildDetails } from "@/pages/environments/BuildDetails";
import { basisOf } from "@/pages/environments/basis";
import { Definition } from "@/pages/environments/Definition";
import { UsingJobs } from "@/pages/environments/UsingJobs";

/** One version of an environment: what was asked for, what was built, who uses it. */
export function Component() {
  const workspace = useWorkspace();
  const { name = "", version = "" } = useParams();
  const found = useEnvironmentVersion(workspace, name, version);
  if (found.isPending) return <Loading />;
  if (found.error) return <PageFault error={found.error} retry={() => void found.refetch()} />;
  return <Whole environment={found.data} />;
}

function Whole({ environment }: { environment: EnvironmentVersion }) {
  const { t } = useTranslation(["environments", "common", "assets"]);
  const workspace = useWorkspace();
  const { name, version } = environment;
  const isCurated = environment.creation_context.created_at === null;
  const crumbs = [
    { label: t("title"), to: path(workspace, "environments") },
    ...(isCurated ? [] : [{ label: name, to: path(workspace, "environments", name) }]),
  ];
  return (
    <>
      <PageHeader
        title={isCurated ? name : `${name}:${version}`}
        crumbs={crumbs}
        mark={<Mark isCurated={isCurated} isArchived={environment.archived ?? false} />}
        actions={
          <>
            <NewDocumentLink
              kind="environment"
              label={isCurated ? t("derive") : t("assets:newVersion")}
              from={`${name}:${version}`}
              isQuiet
            />
            {!isCurated && <AssetActions noun="environments" asset={environment} />}
          </>
        }
      />
      <Tabs
        label={`${name}:${version}`}
        tabs={[
          { id: "build", label: t("build"), content: <Build environment={environment} isCurated={isCurated} /> },
          { id: "document", label: t("document"), content: <Definition definition={environment} /> },
          { id: "jobs", label: t("jobs"), content: <UsingJobs name={name} version={version} /> },
        ]}
      />
    </>
  );
}

function Mark({ isCurated, isArchived }: { isCurated: boolean; isArchived: boolean }) {
  const { t } = useTranslation("environments");
  if (isCurated) return <Badge variant="light">{t("curated")}</Badge>;
  return isArchived && <Badge color="gray">{t("archived")}</Badge>;
}

function Build({ environment, isCurated }: { environment: EnvironmentVersion; isCurated: boolean }) {
  const { t } = useTranslation(["environments", "common"]);
  const workspace = useWorkspace();
  const { name, version } = environment;
  const build = useEnvironmentBuild(workspace, name, version);
  const changes = useAssetChanges(workspace, "environments", name);
  const context = environment.creation_context;
  const described = (
    <EditDescription text={environment.description ?? ""} save={(text) => changes.describe(text, version)} />
  );
  const tagged = <EditTags tags={environment.tags ?? {}} save={(given) => changes.setTags(given, version)} />;
  return (
    <Stack>
      <KeyValues
        label={t("common:properties")}
        pairs={[
          { label: t("basis"), value: basisOf(environment, t) },
          { label: t("common:description"), value: isCurated ? environment.description : described },
          { label: t("common:tags"), value: isCurated ? null : tagged },
          { label: t("common:createdBy"), value: isCurated ? null : context.created_by },
          { label: t("common:created"), value: isCurated ? null : <DateTime at={context.created_at} /> },
        ]}
      />
      {build.isPending && <Loading />}
      {build.error && <ErrorBox error={build.error} retry={() => void build.refetch()} />}
      {build.data && <BuildDetails build={build.data} />}
    </Stack>
  );
}
