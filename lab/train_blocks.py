"""Trains BlockNet on singular values (exactly the same network as on matrices). Resumable."""
import argparse, json, os, time
os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np, torch
from blocks import BlockNet
torch.set_num_threads(1)
p = argparse.ArgumentParser()
p.add_argument("name"); p.add_argument("--power", type=int, default=-1); p.add_argument("--blocks", type=int, default=4); p.add_argument("--heads", type=int, default=3)
p.add_argument("--depth", type=int, default=18); p.add_argument("--tied", type=int, default=0); p.add_argument("--extra", type=int, default=0); p.add_argument("--hidden", type=int, default=16)
p.add_argument("--steps", type=int, default=6000); p.add_argument("--batch", type=int, default=256); p.add_argument("--lr", type=float, default=3e-3); p.add_argument("--seed", type=int, default=0)
p.add_argument("--floor0", type=float, default=1e-2); p.add_argument("--floor1", type=float, default=1e-7); p.add_argument("--deep", type=float, default=.3); p.add_argument("--deepfrom", type=float, default=.5); p.add_argument("--ramp", type=int, default=0); p.add_argument("--less", type=int, default=0); p.add_argument("--hard", type=float, default=.3)
p.add_argument("--every", type=int, default=500); p.add_argument("--ema", type=float, default=.995); p.add_argument("--pool", type=int, default=20000); p.add_argument("--f32", type=int, default=1); p.add_argument("--compile", type=int, default=1); p.add_argument("--init", default=""); p.add_argument("--clip", type=float, default=1.0)
p.add_argument("--max", type=int, default=20); p.add_argument("--warm", type=int, default=200); p.add_argument("--b2", type=float, default=.99)
a = p.parse_args(); torch.manual_seed(a.seed); dt = torch.float32 if a.f32 else torch.float64
def pools():
    """Singular values of U[-10,10] matrices, m x n: {r: [N, r]}."""
    f = f"pool{a.max}_{a.pool}.npz"
    if os.path.exists(f): z = np.load(f); return {int(k): z[k] for k in z.files}
    rng = np.random.default_rng(12345); out = {}
    for r in range(2, a.max + 1):
        sq = [np.linalg.svd(rng.uniform(-10, 10, (a.pool, r, r)), compute_uv=False)]
        re = [np.linalg.svd(rng.uniform(-10, 10, (a.pool // 16, r, r + d)), compute_uv=False) for d in (1, 2, 4, 8)]
        out[r] = np.concatenate(sq + re)
    np.savez(f, **{str(k): v for k, v in out.items()}); return out
P = pools(); rng = np.random.default_rng(a.seed)
trng = np.random.default_rng(7); T = {n: torch.from_numpy(trng.uniform(-10, 10, (1000, n, n))) for n in (5, 10, 20)}
def draw(B):
    """A batch of spectra of mixed sizes, zeros behind; a share made harder."""
    out = np.zeros((B, a.max)); g = 16; h = int(g * a.hard)
    for k in range(B // g):
        n = int(rng.integers(2, a.max + 1)); s = P[n][rng.integers(0, len(P[n]), g)].copy()
        if h:  # the smallest moved down by up to 10x, some log-uniform spectra
            s[:h, -1] *= 10 ** -rng.uniform(0, 1, h); q = max(1, h // 4); s[:q] = 10 ** -rng.uniform(0, 2.0, (q, n)); s[q:2*q] = 1 + .03 * rng.standard_normal((q, n)); s[q:2*q, -1] = 10 ** -rng.uniform(0, 3.0, q)
        out[k*g:(k+1)*g, :n] = s
    return torch.from_numpy(out).to(dt)
def err(s, f): return (((1 - s * f) if a.power == -1 else (1 - f)) * (s != 0)).square().sum(1)
net = BlockNet(blocks=a.blocks, heads=a.heads, depth=a.depth, tied=bool(a.tied), hidden=a.hidden, power=a.power).to(dt)
if a.init:
    sd = torch.load(a.init, weights_only=False)["ema"]; own = net.state_dict()
    for k in own:
        q = k.split("."); src = k if k in sd else ".".join(["body", "0", *q[2:]]); src = src if src in sd else ".".join(["tail", *q[2:]])
        own[k] = sd[src].clone()
    net.load_state_dict(own)
import blocks as _b
if a.compile: net.step = torch.compile(_b.block_layer, dynamic=False)
ema = {k: v.clone() for k, v in net.state_dict().items()}
opt = torch.optim.Adam(net.parameters(), lr=a.lr, betas=(.9, a.b2)); step = 0; cpu0 = 0.0; ck = a.name + ".ckpt"
if os.path.exists(ck):
    z = torch.load(ck, weights_only=False); net.load_state_dict(z["net"]); ema = z["ema"]; opt.load_state_dict(z["opt"]); step = z["step"]; rng = z["rng"]; cpu0 = z["cpu"]; torch.set_rng_state(z["trng"])
print("params", sum(w.numel() for w in net.parameters()), json.dumps(vars(a)), flush=True); c0 = time.process_time() - cpu0; run = None; bad = 0; last = time.time()
ev = BlockNet(blocks=a.blocks, heads=a.heads, depth=a.depth, tied=bool(a.tied), hidden=a.hidden, power=a.power).double()
def save():
    torch.save(dict(net=net.state_dict(), ema=ema, opt=opt.state_dict(), step=step, rng=rng, cpu=time.process_time() - c0, trng=torch.get_rng_state(), args=vars(a)), ck + ".tmp"); os.replace(ck + ".tmp", ck)
def test():
    ev.load_state_dict(ema); out = []
    with torch.no_grad():
        for n, A in T.items():
            for dty in (torch.float64, torch.float32)[:1 + (step == a.steps)]:
                e = ev.to(dty); X = e(A.to(dty))[-1].double(); d = e.double().defect(A, X)
                out.append(f"{n}{'d' if dty == torch.float64 else 'f'}: " + "/".join(f"{100*(d < t).double().mean():.1f}" for t in (.05, .02, .01, .005)))
    return " | ".join(out)
while step < a.steps:
    u = step / a.steps; floor = a.floor0 * (a.floor1 / a.floor0) ** min(1, u / .8)
    s = draw(a.batch); L = a.depth + int(rng.integers(-a.less, int(a.extra * (min(1, 2 * u) if a.ramp else 1)) + 1)); outs = net.on_spectrum(s, L)
    l = (err(s, outs[-1]) + floor).log().mean()
    if a.deep: l = l + a.deep * sum((err(s, o) + floor).log().mean() for o in outs[int(len(outs)*a.deepfrom):-1]) / len(outs)
    step += 1
    if not torch.isfinite(l):
        bad += 1
        if bad > 300: raise SystemExit("300 losses not finite")
        continue
    opt.zero_grad(); l.backward(); g = torch.nn.utils.clip_grad_norm_(net.parameters(), a.clip)
    if not torch.isfinite(g): bad += 1; continue
    for q in opt.param_groups: q["lr"] = a.lr * min(1, step / a.warm) * (1 - u)
    opt.step(); run = l.item() if run is None else .98 * run + .02 * l.item(); d = min(a.ema, step / (step + 10))
    with torch.no_grad():
        for k, v in net.state_dict().items(): ema[k].lerp_(v, 1 - d)
    if time.time() - last > 60: save(); last = time.time()
    if step % a.every == 0 or step == a.steps: print(f"{step*a.batch:>10,} ex step {step} cpu {time.process_time()-c0:.0f}s loss {run:.3f} bad {bad} | {test()}", flush=True)
save()
