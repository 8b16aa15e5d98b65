// Unpacks Chromium and the libraries that it needs into the folder of TMPDIR, and prints where it lies.
// AWS_LAMBDA_JS_RUNTIME makes the package unpack the libraries too: they serve where the system lacks them.
import chromium from "@sparticuz/chromium";

process.stdout.write(await chromium.executablePath());
