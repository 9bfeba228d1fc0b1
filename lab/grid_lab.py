"""Grid transformer with answer frames: tokens (three digits) in and out. Input grid z [B, n, n, C]; answers that are
not on it are grids of their own, v [B, k, n, C] (rank of the eigenvector, component), mixed with z and with each
other along paths: v_ki += sum_j v_kj z_ji, w_kl = sum_j v_kj v_lj, v_ki += sum_l w_kl v_li. Eigenvalue k is read
from <v_k, z v_k>-like pools of row k. Weights know nothing of n: ranks are features of (k, n)."""
import argparse, math, os, time, json
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
torch.set_num_threads(1)
p = argparse.ArgumentParser()
p.add_argument("name"); p.add_argument("--problem", default="eigenvectors"); p.add_argument("--n", type=int, default=3); p.add_argument("--c", type=int, default=48); p.add_argument("--layers", type=int, default=6)
p.add_argument("--examples", type=int, default=100_000); p.add_argument("--batch", type=int, default=64); p.add_argument("--muon", type=float, default=.02); p.add_argument("--adam", type=float, default=3e-3); p.add_argument("--seed", type=int, default=0); p.add_argument("--every", type=int, default=10_000); p.add_argument("--soft", type=float, default=.02); p.add_argument("--init", default=""); p.add_argument("--frames", type=int, default=1); p.add_argument("--ident", type=int, default=1)
a = p.parse_args(); n, c = a.n, a.c; torch.manual_seed(a.seed); LO, HI = -6, 4; NE = HI - LO + 1
LG = torch.tensor(np.geomspace(.08, 16, 16), dtype=torch.float32); LW = torch.tensor(2*math.pi*np.geomspace(.1, 10, 16), dtype=torch.float32)
def feats(x):
    u = x[..., None]; l = u.abs().clamp_min(1e-7).log() * LG; s = u.sign(); w = u * LW
    return torch.cat([u*math.sqrt(3), w.sin(), w.cos(), l.sin()*s, l.cos()*s], -1)
def path(x, y):  # [B,p,q,C], [B,q,r,C] -> sum over q
    return sum(x[:, :, k:k+1] * y[:, k:k+1] for k in range(y.shape[1]))
class FF(nn.Module):
    def __init__(s): super().__init__(); s.norm = nn.LayerNorm(c); s.a = nn.Linear(c, 4*c); s.b = nn.Linear(4*c, c)
    def forward(s, z): return z + s.b(F.gelu(s.a(s.norm(z))))
class Tri(nn.Module):
    def __init__(s):
        super().__init__(); s.norm = nn.LayerNorm(c); s.inp = nn.Linear(c, 4*c); s.gate = nn.Linear(c, c); s.pn = nn.LayerNorm(2*c); s.out = nn.Linear(2*c, c); s.pool = nn.Linear(5*c, c)
    def forward(s, z):
        y = s.norm(z); a1, b1, a2, b2 = s.inp(y).chunk(4, -1); t = s.out(s.pn(torch.cat([path(a1, b1), path(a2.transpose(1, 2), b2)], -1)))
        d = y.diagonal(dim1=1, dim2=2).permute(0, 2, 1); g = y.mean((1, 2), keepdim=True).expand_as(y); dg = d.mean(1)[:, None, None].expand_as(y)
        q = s.pool(torch.cat([y.mean(1, keepdim=True).expand_as(y), y.mean(2, keepdim=True).expand_as(y), g, dg, y.transpose(1, 2)], -1)); return z + torch.sigmoid(s.gate(y)) * t + q
class Frame(nn.Module):
    """The answer's rows v [B, k, n, C] read the matrix's grid and each other."""
    def __init__(s):
        super().__init__(); s.norm = nn.LayerNorm(c); s.zn = nn.LayerNorm(c); s.inp = nn.Linear(c, 4*c); s.zin = nn.Linear(c, c); s.wn = nn.LayerNorm(c); s.pn = nn.LayerNorm(3*c); s.out = nn.Linear(3*c, c); s.gate = nn.Linear(c, c); s.pool = nn.Linear(4*c, c)
    def forward(s, v, z):
        y = s.norm(v); a1, a2, b2, c2 = s.inp(y).chunk(4, -1); zz = s.zn(z)
        m = path(a1, s.zin(zz)); w = s.wn(path(a2, b2.transpose(1, 2))); r = path(w, c2); quad = (y * m).mean(2, keepdim=True).expand_as(y)
        t = s.out(s.pn(torch.cat([m, r, quad], -1)))
        q = s.pool(torch.cat([y.mean(1, keepdim=True).expand_as(y), y.mean(2, keepdim=True).expand_as(y), zz.diagonal(dim1=1, dim2=2).permute(0, 2, 1)[:, None].expand_as(y), zz.mean((1, 2))[:, None, None].expand_as(y)], -1)); return v + torch.sigmoid(s.gate(y)) * t + q
class Head(nn.Module):
    def __init__(s): super().__init__(); s.norm = nn.LayerNorm(c); s.first = nn.Linear(c, 2 + NE); s.given = nn.Embedding(2*NE, c); s.gm = nn.Linear(c, c); s.gn = nn.LayerNorm(c); s.mant = nn.Linear(c, 900)
    def forward(s, z, target=None):
        z = s.norm(z); f = s.first(z); sg, ex = f[..., :2], f[..., 2:]; gi = sg.argmax(-1)*NE + ex.argmax(-1) if target is None else target[0]*NE + target[1]
        return sg, ex, s.mant(s.gn(z + s.gm(F.gelu(z + s.given(gi)))))
class Net(nn.Module):
    def __init__(s):
        super().__init__(); s.emb = nn.Linear(65, c); s.diag = nn.Parameter(torch.randn(2, c)*.3); s.rank = nn.Sequential(nn.Linear(6, c), nn.GELU(), nn.Linear(c, c)); s.same = nn.Parameter(torch.randn(2, c)*.3)
        s.layers = nn.ModuleList(nn.ModuleList([Tri(), FF(), Frame(), FF()]) for _ in range(a.layers)); s.vec = Head(); s.val = Head(); s.row = nn.Linear(3*c, c)
    def forward(s, x):
        B, m = x.shape[:2]; z = s.emb(feats(x/10)); e = torch.eye(m)[None, :, :, None]; z = z + s.diag[0]*e + s.diag[1]*(1-e)
        k = torch.arange(m).float(); rf = torch.stack([(k+.5)/m*2-1, ((k+.5)/m*math.pi).cos(), (k == 0).float(), (k == m-1).float(), 1/(k+1), 1/(m-k)], -1); v = s.rank(rf)[None, :, None].expand(B, m, m, c)
        if a.ident: v = v + s.same[0]*e + s.same[1]*(1-e)
        for tri, f1, fr, f2 in s.layers: z = f1(tri(z)); v = f2(fr(v, z))
        pool = s.row(torch.cat([v.mean(2), v.amax(2), v.square().mean(2)], -1))[:, :, None]
        return v, pool
def split(y):
    sg = (y < 0).astype(np.int64); ay = np.maximum(np.abs(y), 10.0**LO); e = np.floor(np.log10(ay)); m = np.rint(ay/10**e*100).astype(np.int64); up = m >= 1000; m = np.where(up, 100, m); e = np.where(up, e+1, e); return [torch.from_numpy(t) for t in (sg, np.clip(e, LO, HI).astype(np.int64)-LO, m-100)]
def draw(rng, B):
    M = rng.uniform(-10, 10, (B, n, n)); M = np.tril(M) + np.tril(M, -1).transpose(0, 2, 1); e = 10.0**(np.floor(np.log10(np.abs(M)+1e-30))-2); M = np.rint(M/e)*e
    d, Q = np.linalg.eigh(M); d, Q = d[:, ::-1], Q[:, :, ::-1]; top = np.take_along_axis(Q, np.abs(Q).argmax(1)[:, None], 1); Q = Q*np.sign(top); return M, d[..., None].copy(), Q.transpose(0, 2, 1).copy()
def loss_cells(head, z, Y):
    sg, ex, m = split(Y); s_, e_, m_ = head(z, (sg, ex)); l = F.cross_entropy(s_.flatten(0, -2), sg.flatten()) + F.cross_entropy(e_.flatten(0, -2), ex.flatten()); lp = m_.flatten(0, -2).log_softmax(-1); t = m.flatten(); v = (t+100).float()
    w = (a.soft*v).clamp_min(.3); R = int(3*a.soft*999)+1; off = torch.arange(-R, R+1); idx = t[:, None]+off; ok = (idx >= 0) & (idx < 900); g = torch.exp(-.5*(off/w[:, None])**2)*ok; g = g/g.sum(1, keepdim=True); return l - (lp.gather(1, idx.clamp(0, 899))*g).sum(1).mean()
def number(head, z):
    sg, ex, ma = head(z); m = (ma.softmax(-1).cumsum(-1) < .5).sum(-1)+100; return ((1-2*sg.argmax(-1).double()) * m * 10.0**(ex.argmax(-1)+LO-2).double()).numpy()
def ortho(g):
    x = g/(g.norm()+1e-7); t = x.shape[0] > x.shape[1]; x = x.T if t else x
    for _ in range(5): s = x @ x.T; x = 3.4445*x + (-4.775*s + 2.0315*s @ s) @ x
    return x.T if t else x
net = Net(); ck = a.name + ".ckpt"; mats = [w for k, w in net.layers.named_parameters() if w.dim() == 2]; ids = {id(w) for w in mats}; rest = [w for w in net.parameters() if id(w) not in ids]
opt = torch.optim.AdamW(rest, lr=a.adam, betas=(.9, .98), weight_decay=0); mom = [torch.zeros_like(w) for w in mats]; rng = np.random.default_rng(a.seed+1); step = 0; cpu0 = 0.0
if a.init: net.load_state_dict(torch.load(a.init, weights_only=False)["net"])
if os.path.exists(ck): z = torch.load(ck, weights_only=False); net.load_state_dict(z["net"]); opt.load_state_dict(z["opt"]); mom = z["mom"]; rng = z["rng"]; step = z["step"]; cpu0 = z["cpu"]
print("params", sum(w.numel() for w in net.parameters()), json.dumps(vars(a)), flush=True); test = np.random.default_rng(999); TM, Td, TQ = draw(test, 1000); steps = a.examples//a.batch; c0 = time.process_time()-cpu0; run = None; last = time.time()
def save(): torch.save(dict(net=net.state_dict(), opt=opt.state_dict(), mom=mom, rng=rng, step=step, cpu=time.process_time()-c0, args=vars(a)), ck+".tmp"); os.replace(ck+".tmp", ck)
while step < steps:
    M, d, Q = draw(rng, a.batch); v, pool = net(torch.from_numpy(M).float()); lv = loss_cells(net.vec, v, Q); ld = loss_cells(net.val, pool, d); l = lv + .5*ld; net.zero_grad(); l.backward(); torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0); f = min(1, (step+1)/100)*(1-step/steps)
    with torch.no_grad():
        for w, m in zip(mats, mom): m.lerp_(w.grad, .1); w.sub_(ortho(w.grad.lerp(m, .9)), alpha=a.muon*f*max(1, w.shape[0]/w.shape[1])**.5)
    for g in opt.param_groups: g["lr"] = a.adam*f
    opt.step(); step += 1; done = step*a.batch; run = (lv.item(), ld.item()) if run is None else (.98*run[0]+.02*lv.item(), .98*run[1]+.02*ld.item())
    if time.time()-last > 60: save(); last = time.time()
    if done % a.every < a.batch or step == steps:
        with torch.no_grad(): v, pool = net(torch.from_numpy(TM).float()); P = number(net.vec, v).transpose(0, 2, 1); pd = number(net.val, pool)[..., 0]
        L = np.abs(Td).sum((1, 2)); I = np.eye(n); ab = lambda t: np.abs(t).sum((1, 2)); G = P.transpose(0, 2, 1) @ TM @ P; ev = np.abs(pd-Td[..., 0]).sum(1)/L; e3 = np.stack([ab(G - I*Td)/L, ev, ab(P.transpose(0, 2, 1) @ P - I)/n]).max(0); pap = ab(G - I*pd[:, None])/np.abs(pd).sum(1)
        r = lambda e: "/".join(f"{100*(e < t).mean():.1f}" for t in (.25, .1, .05, .02)); print(f"{done:>9,} cpu {time.process_time()-c0:.0f}s loss vec {run[0]:.3f} val {run[1]:.3f} | 25/10/5/2%: strict {r(e3)} values {r(ev)} paper's {r(pap)}", flush=True)
save()
