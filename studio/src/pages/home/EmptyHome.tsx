import { Paper, Stack, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Command } from "@/components/Command";

const JOB = `cat > job.yml <<'EOF'
type: command
command: python -c "print('Hello')"
environment: azureml:AzureML-sklearn-1.5@latest
compute: local
EOF
lapis job create -f job.yml`;

const TRACK = `export MLFLOW_TRACKING_URI=$(lapis workspace show --query mlflow_tracking_uri -o tsv)
export MLFLOW_TRACKING_TOKEN=$(lapis auth token)
python train.py`;

const DATA = "lapis data create -n diabetes --type uri_file --path diabetes.csv";

/** What stands on the home page of a workspace in which nothing has happened: the first commands. */
export function EmptyHome() {
  const { t } = useTranslation("home");
  const steps = [
    { title: t("empty.try"), text: JOB },
    { title: t("empty.track"), text: TRACK },
    { title: t("empty.data"), text: DATA },
  ];
  return (
    <Paper withBorder p="md">
      <Stack gap="md">
        <Title order={2}>{t("empty.title")}</Title>
        <Text>{t("empty.text")}</Text>
        {steps.map((step) => (
          <Stack key={step.title} gap={4}>
            <Title order={3}>{step.title}</Title>
            <Command text={step.text} />
          </Stack>
        ))}
      </Stack>
    </Paper>
  );
}
