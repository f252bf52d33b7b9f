// Node's http logs in by each way, asks for statistics by each template, starts a backup, follows it, and logs out.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const https = require('node:https');

const agent = new https.Agent({ca: fs.readFileSync(process.env.CA), keepAlive: true});
const stats = '/api/mgmt.flowgateway_analytics/1.0/import_stats';
const backup = '/api/mgmt.gateway_backup/1.0/backup';
const common = '/api/common/1.0';

function send(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const all = {...headers};
    if (body !== undefined) {
      all['Content-Length'] = Buffer.byteLength(body); // without it Node sends the body of a GET unframed
    }
    const request = https.request(new URL(path, process.env.URL), {method, agent, headers: all}, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => { text += piece; });
      response.on('end', () => resolve({status: response.statusCode, headers: response.headers, text}));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function must(method, path, headers, body) {
  const answer = await send(method, path, headers, body);
  assert(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

const ways = {
  basic: async () => ({Authorization: 'Basic ' + Buffer.from('admin:admin').toString('base64')}),
  session: async () => {
    const xml = '<login username="admin" password="admin"/>';
    const answer = await must('POST', common + '/login', {'Content-Type': 'application/xml'}, xml);
    assert.match(answer.headers['content-type'], /^application\/xml/);
    const [cookie] = answer.headers['set-cookie'][0].split(';');
    assert(answer.text.includes(`session_id="${cookie.split('=')[1]}"`), answer.text);
    return {Cookie: cookie};
  },
  oauth: async () => {
    const code = fs.readFileSync(process.env.CODE, 'utf8').trim();
    const query = new URLSearchParams({grant_type: 'access_code', assertion: `eyJhbGciOiJub25lIn0=.${code}.`, state: 's'});
    const token = JSON.parse((await must('POST', `${common}/oauth/token?${query}`, {})).text);
    assert.deepStrictEqual([token.token_type, token.expires_in, token.state], ['bearer', 3600, 's']);
    return {Authorization: 'Bearer ' + token.access_token};
  },
};

async function walk(name) {
  const headers = {...await ways[name](), 'Content-Type': 'application/json'};
  const ask = async (request) => JSON.parse((await must('GET', stats, headers, JSON.stringify(request))).text);
  const kind = {stats_type: 'flows_per_minute', source_ip: ''};
  assert((await ask({...kind, interval_type: 'minutes', time_interval: 60})).length > 0);
  const b = await ask({...kind, start_time: '14/12/2023 19:00:00', end_time: '14/12/2023 20:00:00'});
  const c = await ask([{...kind, start_time: 1702580400, end_time: 1702584000}]);
  assert(b.length > 0);
  assert.deepStrictEqual(b, c);
  assert.strictEqual((await must('POST', backup, headers, '{"hostname":"localhost","security_pwd":"secret"}')).text, '');
  while (JSON.parse((await must('GET', backup, headers)).text)[0].running.status !== 'COMPLETED');
  if (name === 'session') {
    assert.strictEqual((await must('GET', common + '/logout.json', headers)).status, 204);
    const late = await send('GET', backup, headers);
    assert.deepStrictEqual([late.status, JSON.parse(late.text).error_id], [401, 'AUTH_INVALID_SESSION']);
  }
  console.log(name, 'ok');
}

(async () => {
  for (const name of Object.keys(ways)) {
    await walk(name);
  }
  agent.destroy();
})().catch((error) => { console.error(error); process.exit(1); });
