"""Trains BlockNet on singular values with the compiled kernel (fastblocks.so): same network, same loss as train_blocks.py, 6x faster. Resumable."""
import argparse, ctypes, json, os, time
import numpy as np, torch
from blocks import BlockNet
torch.set_num_threads(1)
p = argparse.ArgumentParser()
p.add_argument("name"); p.add_argument("--power", type=int, default=-1); p.add_argument("--depth", type=int, default=18); p.add_argument("--tied", type=int, default=0); p.add_argument("--less", type=int, default=0); p.add_argument("--extra", type=int, default=0)
p.add_argument("--steps", type=int, default=10000); p.add_argument("--batch", type=int, default=512); p.add_argument("--lr", type=float, default=2e-3); p.add_argument("--seed", type=int, default=0); p.add_argument("--warm", type=int, default=200); p.add_argument("--b2", type=float, default=.99)
p.add_argument("--floor0", type=float, default=1e-3); p.add_argument("--floor1", type=float, default=1e-7); p.add_argument("--deep", type=float, default=1.0); p.add_argument("--deepfrom", type=float, default=.4); p.add_argument("--hard", type=float, default=.3); p.add_argument("--every", type=int, default=1000)
p.add_argument("--ema", type=float, default=.998); p.add_argument("--pool", type=int, default=20000); p.add_argument("--init", default=""); p.add_argument("--clip", type=float, default=1.0); p.add_argument("--iclip", type=float, default=0.0); p.add_argument("--max", type=int, default=20); p.add_argument("--drop", type=float, default=10.0)
p.add_argument("--blocks", type=int, default=4); p.add_argument("--heads", type=int, default=3); p.add_argument("--hidden", type=int, default=16); p.add_argument("--grow", type=float, default=0.0); p.add_argument("--noise", type=float, default=0.0); p.add_argument("--tests", default="5,10,20")
a = p.parse_args(); torch.manual_seed(a.seed); R = 24
lib = ctypes.CDLL(os.path.abspath(f"fastblocksg_{a.blocks}_{a.heads}_{a.hidden}.so")); ptr = lambda t: ctypes.c_void_p(t.ctypes.data)
def pools():
    f = f"pool{a.max}_{a.pool}.npz"
    if os.path.exists(f): z = np.load(f); return {int(k): z[k] for k in z.files}
    rng = np.random.default_rng(12345); out = {}
    for r in range(2, a.max + 1):
        sq = [np.linalg.svd(rng.uniform(-10, 10, (a.pool, r, r)), compute_uv=False)]
        re = [np.linalg.svd(rng.uniform(-10, 10, (a.pool // 16, r, r + d)), compute_uv=False) for d in (1, 2, 4, 8)]
        out[r] = np.concatenate(sq + re)
    np.savez(f, **{str(k): v for k, v in out.items()}); return out
P = pools(); rng = np.random.default_rng(a.seed); trng = np.random.default_rng(7); T = {n: torch.from_numpy(trng.uniform(-10, 10, (1000, n, n))) for n in map(int, a.tests.split(","))}
def draw(B):
    """Spectra of mixed sizes, zeros behind; a share made harder: a smaller smallest, log-uniform ones, ones nearly done."""
    out = np.zeros((B, R), np.float64); g = 16; h = int(g * a.hard); rank = np.zeros(B, np.float32)
    for k in range(B // g):
        n = int(rng.integers(2, a.max + 1)); s = P[n][rng.integers(0, len(P[n]), g)]
        if h:
            s[:h, -1] *= a.drop ** -rng.uniform(0, 1, h); q = max(1, h // 4)
            d = min(g - h, 2); s[:q] = 10 ** -rng.uniform(0, 2.0, (q, n)); s[-d:] = 1 + 10 ** -rng.uniform(1, 3, (d, 1)) * rng.standard_normal((d, n)); s[-1, -1] = 10 ** -rng.uniform(0, 3.0 + 3 * (a.grow > 0))
        out[k*g:(k+1)*g, :n] = s / ((s**4).sum(1, keepdims=True) ** .25); rank[k*g:(k+1)*g] = n
    return np.ascontiguousarray(out, np.float32), rank
net = BlockNet(blocks=a.blocks, heads=a.heads, depth=a.depth, tied=bool(a.tied), hidden=a.hidden, power=a.power); ev = BlockNet(blocks=a.blocks, heads=a.heads, depth=a.depth, tied=bool(a.tied), hidden=a.hidden, power=a.power).double()
names = ["start", "answer"] + [f"body.{l}.{k}" for l in range(len(net.body)) for k in ("read", "write", "keep", "w1", "b1", "w2", "b2")]; sd = net.state_dict()
assert lib.per_layer() == sum(sd[k].numel() for k in names[2:9])
def flat(sd): return np.concatenate([sd[k].float().numpy().ravel() for k in names])
def unflat(w):
    out, o = {}, 0
    for k in names: n = sd[k].numel(); out[k] = torch.from_numpy(w[o:o+n].copy()).reshape(sd[k].shape); o += n
    return out
if a.init:
    old = torch.load(a.init, weights_only=False)["ema"]
    for k in names:
        q = k.split("."); src = k if k in old else ".".join(["body", str(max(int(j.split(".")[1]) for j in old if j.startswith("body."))), *q[2:]]); src = src if src in old else ".".join(["tail", *q[2:]]); sd[k] = old[src].clone()
w = flat(sd).copy(); ema = w.copy(); m = np.zeros_like(w); v = np.zeros_like(w); dw = np.zeros_like(w); step = seen = bad = 0; cpu0 = 0.0; run = None; ck = a.name + ".ckpt"
if os.path.exists(ck):
    z = torch.load(ck, weights_only=False); w = flat(z["net"]); ema = flat(z["ema"]); m, v = z["m"], z["v"]; step = z["step"]; seen = z["seen"]; rng = z["rng"]; cpu0 = z["cpu"]
print("params", len(w), json.dumps(vars(a)), flush=True); c0 = time.process_time() - cpu0; last = time.time()
def save():
    torch.save(dict(net=unflat(w), ema=unflat(ema), m=m, v=v, step=step, seen=seen, rng=rng, cpu=time.process_time() - c0, args=vars(a)), ck + ".tmp"); os.replace(ck + ".tmp", ck)
def test():
    ev.load_state_dict(unflat(ema)); out = []
    with torch.no_grad():
        for n, A in T.items():
            d = ev.defect(A, ev.answer_only(A)); out.append(f"{n}: " + "/".join(f"{100*(d < t).double().mean():.1f}" for t in (.05, .02, .01, .005)))
            if n == 5 or step == a.steps: e = ev.float(); d = ev.double().defect(A, e.float().answer_only(A.float()).double()); ev.double(); ev.load_state_dict(unflat(ema)); out.append(f"{n} f32: " + "/".join(f"{100*(d < t).double().mean():.1f}" for t in (.05, .02, .01, .005)))
    return " | ".join(out)
while step < a.steps:
    u = step / a.steps; floor = a.floor0 * (a.floor1 / a.floor0) ** min(1, u / .8); x, rank = draw(a.batch); noise = a.noise * 1e-2 ** max(0.0, 1 - u / .4)
    L = a.depth + (int(rng.integers(-a.less, a.extra + 1)) if a.tied else 0); lw = np.zeros(L, np.float32); lw[int(L * a.deepfrom):-1] = a.deep / L; lw[-1] = 1; loss = ctypes.c_float()
    bad += lib.loss_grad(ptr(w), ptr(dw), ptr(x), ptr(rank), a.batch, L, a.tied, a.power, ctypes.c_float(floor), ptr(lw), ctypes.byref(loss), ctypes.c_float(a.iclip), ctypes.c_float(noise), ctypes.c_float(a.grow)); step += 1; seen += a.batch
    g = np.linalg.norm(dw)
    if np.isfinite(g):
        if g > a.clip: dw *= a.clip / g
        m += .1 * (dw - m); v += (1 - a.b2) * (dw * dw - v); lr = a.lr * min(1, step / a.warm) * (1 - u)
        w -= (lr * (m / (1 - .9 ** step)) / (np.sqrt(v / (1 - a.b2 ** step)) + 1e-8)).astype(np.float32); ema += (1 - min(a.ema, step / (step + 10))) * (w - ema); run = loss.value if run is None else .99 * run + .01 * loss.value
    if time.time() - last > 60: save(); last = time.time()
    if step % a.every == 0 or step == a.steps: print(f"{seen:>10,} ex step {step} cpu {time.process_time()-c0:.0f}s loss {run:.3f} bad {bad} | {test()}", flush=True)
save()
