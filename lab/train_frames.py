"""Trains FrameNet: no answers are needed, the loss is what is left off the diagonal. Resumable."""
import argparse, json, os, time
import numpy as np, torch
from frames import FrameNet
from scores import eig_scores, row
torch.set_num_threads(1)
p = argparse.ArgumentParser()
p.add_argument("name"); p.add_argument("--hidden", type=int, default=8); p.add_argument("--polish", type=int, default=2); p.add_argument("--steps", type=int, default=2000); p.add_argument("--cells", type=int, default=8000)
p.add_argument("--lr", type=float, default=5e-3); p.add_argument("--seed", type=int, default=0); p.add_argument("--min", type=int, default=3); p.add_argument("--max", type=int, default=12); p.add_argument("--floor", type=float, default=1e-7)
p.add_argument("--every", type=int, default=100); p.add_argument("--ema", type=float, default=.99); p.add_argument("--psd", type=float, default=.25); p.add_argument("--init", default=""); p.add_argument("--test", default="5:6,8,10;10:8,12,16;20:12,18,24"); p.add_argument("--clip", type=float, default=1.0)
p.add_argument("--l0", type=float, default=4); p.add_argument("--l1", type=float, default=.5)
a = p.parse_args(); torch.manual_seed(a.seed); rng = np.random.default_rng(a.seed); trng = np.random.default_rng(7)
def sym(rng, B, n): M = rng.uniform(-10, 10, (B, n, n)); return np.tril(M) + np.tril(M, -1).transpose(0, 2, 1)
def draw(B, n):
    M = sym(rng, B, n); h = int(B * a.psd)
    if h: _, S, V = np.linalg.svd(rng.uniform(-10, 10, (h, n, n))); M[:h] = V.transpose(0, 2, 1) * S[:, None] @ V
    return torch.from_numpy(M).float()
T = {}
for part in a.test.split(";"):
    n, ls = part.split(":"); T[int(n)] = (torch.from_numpy(sym(trng, 1000, int(n))), [int(x) for x in ls.split(",")])
net = FrameNet(hidden=a.hidden, polish=a.polish); ev = FrameNet(hidden=a.hidden, polish=a.polish)
if a.init: net.load_state_dict(torch.load(a.init, weights_only=False)["ema"])
ema = {k: v.clone() for k, v in net.state_dict().items()}; opt = torch.optim.Adam(net.parameters(), lr=a.lr, betas=(.9, .99)); step = seen = bad = 0; cpu0 = 0.0; ck = a.name + ".ckpt"
if os.path.exists(ck):
    z = torch.load(ck, weights_only=False); net.load_state_dict(z["net"]); ema = z["ema"]; opt.load_state_dict(z["opt"]); step = z["step"]; rng = z["rng"]; cpu0 = z["cpu"]; seen = z["seen"]
print("params", sum(w.numel() for w in net.parameters()), json.dumps(vars(a)), flush=True); c0 = time.process_time() - cpu0; run = None; last = time.time()
def save():
    torch.save(dict(net=net.state_dict(), ema=ema, opt=opt.state_dict(), step=step, rng=rng, seen=seen, cpu=time.process_time() - c0, args=vars(a)), ck + ".tmp"); os.replace(ck + ".tmp", ck)
def test():
    ev.load_state_dict(ema); out = []
    with torch.no_grad():
        for n, (A, ls) in T.items():
            for i, (q, g) in enumerate(ev.frames(A.float(), max(ls))):
                if i in ls:
                    from frames import ordered
                    d, q = ordered(A.float(), q); out.append(f"{n}@{i}: " + row(eig_scores(A, d, q)[0]))
    return " | ".join(out)
def orth(q): n = q.shape[-1]; return (q.mT @ q - torch.eye(n)).square().sum((1, 2)) / n
def left(g): d = g.diagonal(dim1=1, dim2=2).square().sum(1); t = g.square().sum((1, 2)); return (t - d).clamp_min(0) / t
print("start |", test(), flush=True)
while step < a.steps:
    u = step / a.steps; n = int(rng.integers(a.min, a.max + 1)); B = max(16, a.cells // (n * n)); A = draw(B, n); seen += B
    L = int(round(a.l0 + a.l1 * n + rng.integers(-1, 2))); es = [left(g) * n + orth(q) for q, g in net.frames(A, L)][1:]
    l = sum((e + a.floor).log().mean() for e in es) / L
    step += 1; opt.zero_grad(); l.backward(); gn = torch.nn.utils.clip_grad_norm_(net.parameters(), a.clip)
    if not torch.isfinite(gn): bad += 1; continue
    for q in opt.param_groups: q["lr"] = a.lr * min(1, step / 50) * (1 - u)
    opt.step(); run = l.item() if run is None else .98 * run + .02 * l.item(); dc = min(a.ema, step / (step + 10))
    with torch.no_grad():
        for k, v in net.state_dict().items(): ema[k].lerp_(v, 1 - dc)
    if time.time() - last > 60: save(); last = time.time()
    if step % a.every == 0 or step == a.steps: print(f"{seen:>9,} ex step {step} cpu {time.process_time()-c0:.0f}s loss {run:.3f} bad {bad} | {test()}", flush=True)
save()
