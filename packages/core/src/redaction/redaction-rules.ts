/** What a built-in rule takes out; the ids are stable, as they are counted, shown and switched off by them. */
export type RedactionRule = keyof typeof redactionRules;

/** Built-in rules with what they take out, for the reference and the settings page. */
export const redactionRules = {
  authorization: 'Authorization and Proxy-Authorization headers, and Bearer and Basic credentials in texts',
  cookie: 'Cookie and Set-Cookie headers',
  password: 'Values of keys such as password, passwd, pwd and passphrase',
  secret: 'Values of keys such as secret, client_secret, credentials and private_key',
  token: 'Values of keys such as token, access_token, refresh_token and csrf_token',
  'api-key':
    'Values of keys such as api_key and x-api-key, and keys of known shape (AWS, GitHub, GitLab, Google, npm, OpenAI, Slack, Stripe, Belay)',
  'private-key': 'PEM blocks of private keys',
  jwt: 'JSON Web Tokens',
  'card-number': 'Payment card numbers whose check digit is right',
  'connection-password': 'Passwords in URLs and connection strings',
  'query-secret': 'Signatures and keys in the query of a URL',
} as const;
