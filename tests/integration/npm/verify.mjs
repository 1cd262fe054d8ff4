// Judges requests as a receiver with the Standard Webhooks library would. In: one {"secret","raw","headers","body"} a line, raw: the
// secret is a text and no whsec_…, body in base64. Out: one {"verified","payload"|"reason"} a line. Whatever else goes wrong ends it.
import { createInterface } from "node:readline";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

function judge({ secret, raw, headers, body }) {
  const webhook = new Webhook(secret, raw ? { format: "raw" } : {});
  try {
    return { verified: true, payload: webhook.verify(Buffer.from(body, "base64"), headers) };
  } catch (error) {
    if (error instanceof WebhookVerificationError) return { verified: false, reason: error.message };
    throw error;
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(judge(JSON.parse(line))));
