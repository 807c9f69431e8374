// The certified provider of npm (oidc-provider), as a caisse or an agency would run one.
//
// argv[2] is a JSON file: { key, cert, clients, accounts }. The first line on stdout is its issuer.
// A line on stdin is an order, answered by a line: « rotate » changes the signing key.
//
// The person « authenticates » by naming an account; what they did for it is the account's acr and
// amr. Everything else is the provider's own.

import { createServer } from "node:https";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { Provider, interactionPolicy } from "oidc-provider";

const { key, cert, clients, accounts, acrs } = JSON.parse(readFileSync(process.argv[2], "utf8"));

const signingKey = () => ({
  ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
  kid: randomUUID(),
  use: "sig",
  alg: "RS256",
});

const page = (title, body) =>
  `<!doctype html><html lang="fr"><meta charset="utf-8"><title>${title}</title>` +
  `<body><h1>${title}</h1>${body}`;

function made(issuer) {
  const policy = interactionPolicy.base();
  policy.remove("consent");
  const provider = new Provider(issuer, {
    clients,
    jwks: { keys: [signingKey()] },
    acrValues: acrs,
    claims: { openid: ["sub", "acr", "amr", "auth_time"], identite: ["SubjectNameID", "email"] },
    cookies: { keys: [randomUUID()] },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = page("Se déconnecter", `${form}<button name="logout" value="yes"
            form="op.logoutForm">Oui</button>`);
        },
      },
    },
    pkce: { required: () => true },
    interactions: { policy, url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, id) =>
      accounts[id] && {
        accountId: id,
        claims: () => ({ sub: id, ...accounts[id].claims }),
      },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({
        clientId: ctx.oidc.client.clientId,
        accountId: ctx.oidc.session.accountId,
      });
      grant.addOIDCScope("openid identite");
      grant.addOIDCClaims(["acr", "amr", "auth_time"]);
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Grant: 600,
      Session: 3600 },
  });
  return provider;
}

async function interact(provider, request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method === "GET") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    return response.end(page("Fournisseur d'essai", `<form method="post">
      <label>Compte <input name="compte" autofocus></label>
      <button>S'authentifier</button> <button name="refus" value="1">Refuser</button></form>
      <p>${details.params.acr_values ?? ""}</p>`));
  }
  const body = new URLSearchParams(await text(request));
  if (body.get("refus"))
    return provider.interactionFinished(request, response, {
      error: "access_denied",
      error_description: "refus",
    });
  const id = body.get("compte");
  const { acr, amr } = accounts[id];
  return provider.interactionFinished(request, response, {
    login: { accountId: id, acr, amr, remember: true },
  });
}

async function text(request) {
  let whole = "";
  for await (const chunk of request) whole += chunk;
  return whole;
}

let provider;
let handle;
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (req, res) => {
  if (req.url?.startsWith("/interaction/"))
    return interact(provider, req, res).catch((error) => {
      res.statusCode = 500;
      res.end(String(error));
    });
  return handle(req, res);
});
server.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const issuer = `https://localhost:${port}`;
  const turn = () => {
    provider = made(issuer);
    handle = provider.callback();
  };
  turn();
  console.log(issuer);
  createInterface({ input: process.stdin })
    .on("line", () => {
      turn();
      console.log("rotated");
    })
    // Whoever started us has gone.
    .on("close", () => process.exit(0));
});
