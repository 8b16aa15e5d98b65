import { Badge } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { type Datastore, useDatastore } from "@/api/datastores";
import { itemKey } from "@/api/keys";
import { FileBrowser } from "@/components/files/FileBrowser";
import { KeyValues } from "@/components/KeyValues";
import { Loading } from "@/components/Loading";
import { PageFault } from "@/components/PageFault";
import { PageHeader } from "@/components/PageHeader";
import { Tabs } from "@/components/Tabs";
import { Tags } from "@/components/Tags";
import { DateTime } from "@/components/times";
import { path, useWorkspace } from "@/lib/workspace";
import { Actions } from "@/pages/datastores/Actions";
import { settingsOf } from "@/pages/datastores/place";

/** One datastore: its files as a tree, and where they lie; its secrets are never shown. */
export function Component() {
  const workspace = useWorkspace();
  const name = useParams().name ?? "";
  const datastore = useDatastore(workspace, name);
  if (datastore.isPending) return <Loading />;
  if (datastore.error) return <PageFault error={datastore.error} retry={() => void datastore.refetch()} />;
  return <Details datastore={datastore.data} />;
}

function Details({ datastore }: { datastore: Datastore }) {
  const { t } = useTranslation(["datastores", "common"]);
  const workspace = useWorkspace();
  const { name } = datastore;
  const source = {
    workspace,
    uri: `azureml://datastores/${name}/paths/`,
    scope: itemKey(workspace, "datastores", name),
  };
  return (
    <>
      <PageHeader
        title={name}
        crumbs={[{ label: t("title"), to: path(workspace, "datastores") }]}
        mark={
          datastore.is_default && (
            <Badge variant="light" tt="none">
              {t("isDefault")}
            </Badge>
          )
        }
        actions={<Actions datastore={datastore} />}
      />
      <Tabs
        label={name}
        tabs={[
          { id: "files", label: t("tab.files"), content: <FileBrowser source={source} label={t("files", { name })} /> },
          { id: "properties", label: t("common:properties"), content: <Properties datastore={datastore} /> },
        ]}
      />
    </>
  );
}

function Properties({ datastore }: { datastore: Datastore }) {
  const { t } = useTranslation(["datastores", "common", "access"]);
  const hasSecrets = Object.keys(datastore.credentials ?? {}).length > 0;
  return (
    <KeyValues
      label={t("common:properties")}
      pairs={[
        {
          label: t("common:type"),
          value: t(`type.${datastore.type}` as "type.local", { defaultValue: datastore.type }),
        },
        ...settingsOf(datastore).map(([key, value]) => ({
          label: t(`access:field.${key as "bucket"}`, { defaultValue: key }),
          value,
        })),
        { label: t("credentials"), value: hasSecrets ? t("masked") : t("noCredentials") },
        { label: t("common:description"), value: datastore.description },
        { label: t("common:tags"), value: <Tags tags={datastore.tags} /> },
        { label: t("common:createdBy"), value: datastore.creation_context.created_by },
        { label: t("common:created"), value: <DateTime at={datastore.creation_context.created_at} /> },
      ]}
    />
  );
}
