#!/bin/sh
# A certificate of the cluster's authority for this pod, in /tls/pod. Runs before Ray, in a container of its own: only
# that one sees the authority's key, which is in /tls/authority (secret zkseal-ray-authority: tls.crt, tls.key).
set -eu
names="DNS:localhost,IP:127.0.0.1,IP:${POD_IP}"
for name in ${EXTRA_NAMES:-}; do names="${names},DNS:${name}"; done
umask 077
cd "${TLS_POD:-/tls/pod}"
authority="${TLS_AUTHORITY:-/tls/authority}"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${POD_IP}" \
  -keyout tls.key -out request.pem 2>/dev/null
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "${names}" > extensions
openssl x509 -req -in request.pem -CA "${authority}/tls.crt" -CAkey "${authority}/tls.key" \
  -set_serial "0x$(openssl rand -hex 16)" -days 30 -extfile extensions -out tls.crt 2>/dev/null
cp "${authority}/tls.crt" ca.crt
rm request.pem extensions
