// Loss and gradient of BlockNet on spectra, one thread. Lab tool only: the same arithmetic as blocks.block_layer.
// g++ -O3 -march=native -ffast-math -fno-finite-math-only -shared -fPIC fastblocks.cpp -o fastblocks.so
#include <cmath>
#include <cstring>
#include <vector>
#include <algorithm>
#ifndef K
#define K 4
#endif
#ifndef H
#define H 3
#endif
#ifndef D
#define D 16
#endif
#ifndef R
#define R 24
#endif
constexpr int Z = K + 1, F = 2 * K + 1, G = H + K;
constexpr int O_READ = 0, O_WRITE = O_READ + 3 * H * Z, O_KEEP = O_WRITE + K * H, O_W1 = O_KEEP + K * Z, O_B1 = O_W1 + D * F, O_W2 = O_B1 + D, O_B2 = O_W2 + G * D, PER = O_B2 + G;
constexpr float LARGE = 1e10f;
struct Keep { float zx[Z][R], gf[K], size[Z], c[K], den[K], feat[F], inner[D], gate[G], p[3 * H][R], m[K][R], xi[H][R], pq[H][R]; int top[3 * H]; };
static unsigned rs = 2463534242u; static inline float xi() { rs ^= rs << 13; rs ^= rs >> 17; rs ^= rs << 5; return (float)(int)rs * 8.0e-10f; }  // variance about 1
static inline int argmax(const float* a) { int t = 0; float m = -1; for (int i = 0; i < R; i++) if (std::fabs(a[i]) > m) { m = std::fabs(a[i]); t = i; } return t; }
static inline float dot(const float* a, const float* b) { float s = 0; for (int i = 0; i < R; i++) s += a[i] * b[i]; return s; }
static void forward(const float* w, const float (*z)[R], const float* x, float ir, float eps, float (*out)[R], Keep& k) {
  for (int a = 0; a < K; a++) { float s = dot(z[a], z[a]) * ir; k.gf[a] = std::sqrt(LARGE / (s + LARGE)); for (int i = 0; i < R; i++) k.zx[a][i] = z[a][i] * k.gf[a]; }
  std::memcpy(k.zx[K], x, sizeof(float) * R);
  for (int a = 0; a < Z; a++) { k.size[a] = dot(k.zx[a], k.zx[a]) * ir; k.feat[a] = std::log(k.size[a] + 1e-12f) * .25f; }
  for (int a = 0; a < K; a++) { k.c[a] = dot(k.zx[a], x) * ir; k.den[a] = 1 / std::sqrt(k.size[a] * k.size[K] + 1e-24f); k.feat[Z + a] = k.c[a] * k.den[a]; }
  for (int d = 0; d < D; d++) { float s = w[O_B1 + d]; for (int f = 0; f < F; f++) s += w[O_W1 + d * F + f] * k.feat[f]; k.inner[d] = s; }
  for (int d = 0; d < D; d++) { float t = std::min(20.f, std::max(-20.f, 2 * k.inner[d])); float e = std::exp(t); k.inner[d] = (e - 1) / (e + 1); }
  for (int g = 0; g < G; g++) { float s = 1 + w[O_B2 + g]; for (int d = 0; d < D; d++) s += w[O_W2 + g * D + d] * k.inner[d]; k.gate[g] = s; }
  for (int j = 0; j < 3 * H; j++) { float t[R] = {0}; for (int b = 0; b < Z; b++) { float r = w[O_READ + j * Z + b]; for (int i = 0; i < R; i++) t[i] += r * k.zx[b][i]; } std::memcpy(k.p[j], t, sizeof t); }
  for (int a = 0; a < K; a++) {
    float t[R]; std::memcpy(t, k.zx[a], sizeof t);
    for (int b = 0; b < Z; b++) { float r = w[O_KEEP + a * Z + b]; for (int i = 0; i < R; i++) t[i] += r * k.zx[b][i]; }
    std::memcpy(k.m[a], t, sizeof t); for (int i = 0; i < R; i++) out[a][i] = k.gate[H + a] * t[i]; }
  for (int h = 0; h < H; h++) { float u[R]; for (int i = 0; i < R; i++) k.pq[h][i] = k.p[h][i] * k.p[H + h][i] * k.p[2 * H + h][i];
    if (eps > 0) { float mx = eps; for (int s = 0; s < 3; s++) { int j = s * H + h; k.top[j] = argmax(k.p[j]); mx *= k.p[j][k.top[j]]; } for (int i = 0; i < R; i++) { k.xi[h][i] = x[i] != 0 ? xi() : 0.f; k.pq[h][i] += mx * k.xi[h][i]; } }
    for (int i = 0; i < R; i++) u[i] = k.gate[h] * k.pq[h][i];
    for (int a = 0; a < K; a++) { float r = w[O_WRITE + a * H + h]; for (int i = 0; i < R; i++) out[a][i] += r * u[i]; } }
  if (eps > 0) for (int a = 0; a < K; a++) { float mx = eps * std::fabs(out[a][argmax(out[a])]); for (int i = 0; i < R; i++) if (x[i] != 0) out[a][i] += mx * xi(); }
}
static void backward(const float* w, float* dw, const float (*dout)[R], float ir, float eps, float (*dz)[R], const Keep& k) {
  float dzx[Z][R] = {{0}}, dgate[G];
  for (int a = 0; a < K; a++) {
    dgate[H + a] = dot(dout[a], k.m[a]); float dm[R]; for (int i = 0; i < R; i++) { dm[i] = k.gate[H + a] * dout[a][i]; dzx[a][i] += dm[i]; }
    for (int b = 0; b < Z; b++) { dw[O_KEEP + a * Z + b] += dot(dm, k.zx[b]); float r = w[O_KEEP + a * Z + b]; for (int i = 0; i < R; i++) dzx[b][i] += r * dm[i]; } }
  for (int h = 0; h < H; h++) {
    const float *p = k.p[h], *q = k.p[H + h], *r = k.p[2 * H + h]; float du[R] = {0}, pqr[R], d[3][R];
    for (int a = 0; a < K; a++) { float t = w[O_WRITE + a * H + h]; for (int i = 0; i < R; i++) du[i] += t * dout[a][i]; }
    for (int i = 0; i < R; i++) pqr[i] = k.pq[h][i];
    for (int a = 0; a < K; a++) dw[O_WRITE + a * H + h] += k.gate[h] * dot(dout[a], pqr);
    dgate[h] = dot(du, pqr);
    for (int i = 0; i < R; i++) { float g = du[i] * k.gate[h]; d[0][i] = g * q[i] * r[i]; d[1][i] = g * p[i] * r[i]; d[2][i] = g * p[i] * q[i]; }
    if (eps > 0) { float t = eps * k.gate[h] * dot(du, k.xi[h]), a = p[k.top[h]], b = q[k.top[H + h]], c = r[k.top[2 * H + h]]; d[0][k.top[h]] += t * b * c; d[1][k.top[H + h]] += t * a * c; d[2][k.top[2 * H + h]] += t * a * b; }
    for (int s = 0; s < 3; s++) { int j = s * H + h; for (int b = 0; b < Z; b++) { dw[O_READ + j * Z + b] += dot(d[s], k.zx[b]); float t = w[O_READ + j * Z + b]; for (int i = 0; i < R; i++) dzx[b][i] += t * d[s][i]; } } }
  float din[D] = {0}, df[F] = {0};
  for (int g = 0; g < G; g++) { dw[O_B2 + g] += dgate[g]; for (int d = 0; d < D; d++) { dw[O_W2 + g * D + d] += dgate[g] * k.inner[d]; din[d] += dgate[g] * w[O_W2 + g * D + d]; } }
  for (int d = 0; d < D; d++) { float t = din[d] * (1 - k.inner[d] * k.inner[d]); dw[O_B1 + d] += t; for (int f = 0; f < F; f++) { dw[O_W1 + d * F + f] += t * k.feat[f]; df[f] += t * w[O_W1 + d * F + f]; } }
  for (int a = 0; a < K; a++) {
    float ds = df[a] * .25f / (k.size[a] + 1e-12f), da = df[Z + a], dn = k.den[a], dc = da * dn; ds -= .5f * da * k.c[a] * k.size[K] * dn * dn * dn;
    for (int i = 0; i < R; i++) dz[a][i] = k.gf[a] * (dzx[a][i] + 2 * ds * ir * k.zx[a][i] + dc * ir * k.zx[K][i]); }
}
extern "C" int per_layer() { return PER; }
// w: start K, answer K, layers depth*PER (tied: one). x [B][R] scaled; weights of layers' losses lw [depth]. Returns the number of bad items.
extern "C" int loss_grad(const float* w, float* dw, const float* x, const float* rank, int B, int depth, int tied, int power, float floor, const float* lw, float* loss, float clip, float eps, float grow) {
  int L = tied ? 1 : depth, total = 2 * K + L * PER, bad = 0; std::vector<Keep> keep(depth); std::vector<float> gi(total); std::vector<float> zs((depth + 1) * K * R), ans(depth * R), es(depth);
  double sum = 0; std::memset(dw, 0, sizeof(float) * total);
  for (int b = 0; b < B; b++) {
    const float* xb = x + b * R; float ir = 1 / rank[b]; float (*z)[R] = (float(*)[R])zs.data(); double item = 0;
    for (int a = 0; a < K; a++) for (int i = 0; i < R; i++) z[a][i] = w[a] * xb[i];
    for (int l = 0; l < depth; l++) {
      forward(w + 2 * K + (tied ? 0 : l) * PER, z + l * K, xb, ir, eps, z + (l + 1) * K, keep[l]);
      float* an = &ans[l * R]; float e = 0; for (int i = 0; i < R; i++) an[i] = 0;
      for (int a = 0; a < K; a++) for (int i = 0; i < R; i++) an[i] += w[K + a] * z[(l + 1) * K + a][i];
      for (int i = 0; i < R; i++) { float m = xb[i] != 0, t = power ? xb[i] : 1; if (grow > 0 && m && xb[i] < 1 / grow) t /= grow * xb[i];  // a tiny one need only grow by grow
        float r = m * (1 - t * an[i]); if (grow > 0 && m && xb[i] < 1 / grow && r < 0) r = 0; e += r * r; an[i] = -2 * r * t; }
      es[l] = e; item += lw[l] * std::log(e + floor); }
    if (!std::isfinite(item)) { bad++; continue; }
    std::fill(gi.begin(), gi.end(), 0.f); float d[K][R] = {{0}};
    for (int l = depth - 1; l >= 0; l--) {
      if (lw[l] != 0) { float c = lw[l] / (es[l] + floor); for (int a = 0; a < K; a++) { gi[K + a] += c * dot(&ans[l * R], z[(l + 1) * K + a]); for (int i = 0; i < R; i++) d[a][i] += c * w[K + a] * ans[l * R + i]; } }
      float dz[K][R]; int o = 2 * K + (tied ? 0 : l) * PER; backward(w + o, gi.data() + o, d, ir, eps, dz, keep[l]); std::memcpy(d, dz, sizeof d); }
    for (int a = 0; a < K; a++) gi[a] += dot(d[a], xb);
    double n = 0; for (int t = 0; t < total; t++) n += (double)gi[t] * gi[t];
    if (!std::isfinite(n)) { bad++; continue; }
    float s = clip > 0 ? (float)std::min(1.0, clip / (std::sqrt(n) + 1e-12)) : 1.f; for (int t = 0; t < total; t++) dw[t] += s * gi[t]; sum += item; }
  int good = std::max(1, B - bad); for (int t = 0; t < total; t++) dw[t] /= good; *loss = (float)(sum / good); return bad; }
