// An OpenID provider that is not ours (better-auth), for tests, on loopback only.
// Prints its address when it listens, and ends when its stdin does. Its issuer is the address with /api/auth.
import { createServer } from 'node:http';
import { json, text } from 'node:stream/consumers';
import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const address = `http://127.0.0.1:${server.address().port}`;

const tables = ['user', 'session', 'account', 'verification', 'jwks', 'oauthClient', 'oauthClientResource',
  'oauthResource', 'oauthAccessToken', 'oauthRefreshToken', 'oauthConsent', 'oauthClientAssertion'];
const rows = Object.fromEntries(tables.map((name) => [name, []]));
const auth = betterAuth({
  baseURL: address,
  secret: 'of tests alone, and longer than thirty-two characters',
  database: memoryAdapter(rows),
  emailAndPassword: { enabled: true, minPasswordLength: 1, password: { hash: (typed) => typed, verify: () => true } },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { level: 'error' },
  plugins: [jwt(), oauthProvider({ loginPage: '/sign-in', consentPage: '/consent', silenceWarnings: { openidConfig: true } })],
});
const { adapter } = await auth.$context;
let administrator;
for (const name of ['alice', 'bob']) {
  const body = { name, email: `${name}@op.test`, password: 'any' };
  const { headers } = await auth.api.signUpEmail({ body, returnHeaders: true });
  administrator = new Headers({ cookie: headers.get('set-cookie').split(';')[0] });
}

async function register({ redirect_uris, post_logout_redirect_uris, backchannel_logout_uri }) {
  const client = await auth.api.adminCreateOAuthClient({
    body: { redirect_uris, post_logout_redirect_uris, application_type: 'native', skip_consent: true, enable_end_session: true },
    headers: administrator,
  });
  // its registration refuses addresses of this machine
  const update = { backchannelLogoutUri: backchannel_logout_uri };
  await adapter.update({ model: 'oauthClient', where: [{ field: 'clientId', value: client.client_id }], update });
  return client;
}

const escaped = (value) => value.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
const form = (question) => `<form method="post" action="/sign-in">
<input type="hidden" name="oauth_query" value="${escaped(question)}">
<input type="text" name="name"><input type="password" name="password"><button>Sign in</button></form>`;

async function signIn(request) {
  const { name, password, oauth_query } = Object.fromEntries(new URLSearchParams(await text(request)));
  const headers = { 'content-type': 'application/json', accept: 'text/html', origin: address, cookie: request.headers.cookie ?? '' };
  const body = JSON.stringify({ email: `${name}@op.test`, password, oauth_query });
  return auth.handler(new Request(`${address}/api/auth/sign-in/email`, { method: 'POST', headers, body }));
}

// What it leaves to whoever uses it: its pages; and what is for tests alone.
const ours = {
  'GET /sign-in': (_request, question) => new Response(form(question), { headers: { 'Content-Type': 'text/html' } }),
  'POST /sign-in': signIn,
  'POST /tests/register': async (request) => Response.json(await register(await json(request)), { status: 201 }),
  'POST /tests/take-keys': () => {
    for (const key of rows.jwks) key.expiresAt ??= new Date(Date.now() - 1000); // it goes on to check by them
    return new Response();
  },
  'GET /tests/subjects': () => Response.json(Object.fromEntries(rows.user.map(({ name, id }) => [name, id]))),
};
const theirs = toNodeHandler(auth);
server.on('request', async (request, response) => {
  const [path, question = ''] = request.url.split('?');
  const view = ours[`${request.method} ${path}`];
  if (!view) return theirs(request, response);
  try {
    const answer = await view(request, question);
    response.writeHead(answer.status, [...answer.headers].flat());
    response.end(await answer.text());
  } catch (error) {
    response.writeHead(500).end(`${error.stack} ${JSON.stringify(error)}`);
  }
});

console.log(address);
process.stdin.resume().on('end', () => process.exit(0)); // no orphan when the tests are killed
