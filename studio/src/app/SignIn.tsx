import { Alert, Button, Center, Code, Group, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "@/api/errors";
import { signIn } from "@/api/session";

/** Asks for a token; `refusal` says why the one in the address was not taken. */
export function SignIn({ refusal }: { refusal: ApiError | null }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [token, setToken] = useState("");
  const entry = useMutation({ mutationFn: signIn, onSuccess: () => queries.invalidateQueries() });
  const fault = entry.error ?? refusal;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    entry.mutate(token.trim());
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper component="form" onSubmit={submit} withBorder p="xl" maw={440} w="100%">
        <Stack>
          <Group gap="sm" wrap="nowrap">
            <img src="/studio/lapis.svg" alt="" width={34} height={34} />
            <Title order={1}>{t("signIn.title")}</Title>
          </Group>
          <Text>
            {t("signIn.how")} <Code>lapis studio</Code>
          </Text>
          <PasswordInput
            label={t("signIn.token")}
            description={
              <>
                {t("signIn.where")} <Code>lapis auth token</Code>
              </>
            }
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoComplete="off"
            required
          />
          {fault && (
            <Alert color="red" role="alert" title={t("signIn.refused")}>
              {fault instanceof ApiError ? fault.message : t("error.unreachable")}
            </Alert>
          )}
          <Button type="submit" loading={entry.isPending} disabled={!token.trim()}>
            {t("signIn.submit")}
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
