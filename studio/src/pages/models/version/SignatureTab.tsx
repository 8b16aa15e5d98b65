import { Stack, Title } from "@mantine/core";
import { IconBraces } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { type Mlmodel, type ModelVersion, useMlmodel } from "@/api/models";
import { CodeView } from "@/components/code/CodeView";
import { EmptyState } from "@/components/EmptyState";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";
import { compactJson } from "@/lib/json";
import { useWorkspace } from "@/lib/workspace";
import { SignatureTable } from "@/pages/models/version/SignatureTable";

/** What a model takes and gives, with its example. */
export function SignatureTab({ version }: { version: ModelVersion }) {
  const { t } = useTranslation("models");
  const mlmodel = useMlmodel(useWorkspace(), version.name, version.version);
  if (mlmodel.isPending) return <Loading />;
  if (mlmodel.error) return <ErrorBox error={mlmodel.error} retry={() => void mlmodel.refetch()} />;
  const { signature } = mlmodel.data;
  return (
    <Stack>
      {signature ? (
        <>
          <SignatureTable title={t("inputs")} columns={signature.inputs} last="required" />
          <SignatureTable title={t("outputs")} columns={signature.outputs} />
          <SignatureTable title={t("modelParams")} columns={signature.params} last="default" />
        </>
      ) : (
        <EmptyState icon={IconBraces} title={t("noSignature")} text={t("noSignatureText")} />
      )}
      <Examples mlmodel={mlmodel.data} />
    </Stack>
  );
}

function Examples({ mlmodel }: { mlmodel: Mlmodel }) {
  const { t } = useTranslation("models");
  const both = [
    { title: t("example"), value: mlmodel.example },
    { title: t("request"), value: mlmodel.request },
  ];
  return both
    .filter(({ value }) => value !== null && value !== undefined)
    .map(({ title, value }) => (
      <Stack key={title} gap="xs">
        <Title order={2}>{title}</Title>
        <CodeView text={compactJson(value)} name="example.json" label={title} />
      </Stack>
    ));
}
