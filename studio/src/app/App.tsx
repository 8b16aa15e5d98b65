import { RouterProvider } from "react-router";
import { ApiError } from "@/api/errors";
import { useSession } from "@/api/session";
import { Providers } from "@/app/providers";
import { makeRouter } from "@/app/router";
import { SignIn } from "@/app/SignIn";
import { ErrorBox } from "@/components/ErrorBox";
import { Loading } from "@/components/Loading";

const router = makeRouter();

/** The whole page: signed in, or the way to sign in. */
export function App({ refusal }: { refusal: ApiError | null }) {
  return (
    <Providers>
      <SignedIn refusal={refusal} />
    </Providers>
  );
}

function SignedIn({ refusal }: { refusal: ApiError | null }) {
  const session = useSession();
  if (session.isPending) return <Loading />;
  if (session.isSuccess) return <RouterProvider router={router} />;
  if (session.error instanceof ApiError && session.error.status === 401) return <SignIn refusal={refusal} />;
  return <ErrorBox error={session.error} retry={() => void session.refetch()} />;
}
