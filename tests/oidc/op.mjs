// An OpenID provider that is not ours (npm oidc-provider), for tests, on loopback only.
//   node op.mjs          prints its issuer when it listens, and ends when its stdin does
// Clients register themselves (RFC 7591, POST /reg). Whatever name is typed at its login form is an account.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

// oidc-provider calls URL.parse(), which older releases of Node 20 do not have
URL.parse ??= (url, base) => { try { return new URL(url, base); } catch { return null; } };
const { default: Provider } = await import('oidc-provider');
const { createMemoryAdapter } = await import('oidc-provider/lib/adapters/memory_adapter.js');
const { exportJWK, generateKeyPair, SignJWT } = await import('jose');

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
const sent = []; // the logout tokens that went out
const asked = []; // the addresses that were asked for

const configuration = {
  findAccount: (_ctx, name) => ({
    accountId: name,
    claims: () => ({ sub: name, name: `${name} at the provider`, email: `${name}@op.test` }),
  }),
  claims: { openid: ['sub'], profile: ['name'], email: ['email'] },
  conformIdTokenClaims: false, // name and e-mail address in the ID token, too
  cookies: { keys: ['of tests alone'] },
  features: {
    backchannelLogout: { enabled: true },
    devInteractions: { enabled: true },
    registration: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  // nobody is asked whether the app may know who they are
  async loadExistingGrant({ oidc }) {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid profile email');
    await grant.save();
    return grant;
  },
  // its dispatcher would refuse to call this machine: apps on loopback would never hear of a logout
  fetch(url, { dispatcher, ...options }) {
    const token = options.body instanceof URLSearchParams && options.body.get('logout_token');
    if (token) sent.push(token);
    return globalThis.fetch(url, options);
  },
};

const newKeys = async (kid) => ({ kid, ...await generateKeyPair('RS256', { extractable: true }) });
const strangers = await newKeys();
const adapter = createMemoryAdapter(); // else it forgets whom it knows when it takes new keys
let keys;
let published = [];
let answer;
async function takeKeys(kid, kept) {
  keys = await newKeys(kid);
  const jwk = { ...await exportJWK(keys.privateKey), kid, use: 'sig', alg: 'RS256' };
  published = [jwk, ...kept];
  const provider = new Provider(issuer, { ...configuration, adapter, jwks: { keys: published } });
  provider.on('backchannel.error', (_ctx, error, client) => console.error(client.backchannelLogoutUri, error.message));
  provider.on('server_error', (_ctx, error) => console.error(error));
  answer = provider.callback();
}
await takeKeys('first', []);

// What no provider has: tokens with any claims, and a look at what was sent.
const forTests = {
  '/tests/asked': () => asked,
  '/tests/sent': () => sent,
  '/tests/sign': ({ claims, header, stranger }) => new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: keys.kid, ...header })
    .sign((stranger ? strangers : keys).privateKey),
  '/tests/take-keys': ({ kid }) => (kid ? takeKeys(kid, []) : takeKeys(randomUUID(), published)),
};
server.on('request', async (request, response) => {
  const view = forTests[request.url];
  if (!view) {
    asked.push(request.url);
    return answer(request, response);
  }
  try {
    response.end(JSON.stringify(await view(JSON.parse(await text(request) || '{}')) ?? null));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

console.log(issuer);
process.stdin.resume().on('end', () => process.exit(0)); // no orphan when the tests are killed
