"""Strict scores (L1) in float64, as DESIGN.md section 4."""
import torch
def eig_scores(a, d, q):
    a, d, q = a.double(), d.double(), q.double(); n = a.shape[-1]; D = torch.linalg.eigvalsh(a).flip(1); L = D.abs().sum(1); I = torch.eye(n, dtype=a.dtype); f = lambda t: t.abs().sum((1, 2))
    val = (d - D).abs().sum(1) / L
    return torch.stack([f(q.mT @ a @ q - torch.diag_embed(D)) / L, val, f(q.mT @ q - I) / n]).amax(0), val
def svd_scores(a, s, u, v):
    a, s, u, v = a.double(), s.double(), u.double(), v.double(); k = min(a.shape[-2:]); S = torch.linalg.svdvals(a); L = S.sum(1); I = torch.eye(k, dtype=a.dtype); f = lambda t: t.abs().sum((1, 2))
    val = (s - S).abs().sum(1) / L
    return torch.stack([f(u.mT @ a @ v - torch.diag_embed(S)) / L, val, f(u.mT @ u - I) / k, f(v.mT @ v - I) / k]).amax(0), val
def row(e): return "/".join(f"{100*(e < t).double().mean():.1f}" for t in (.05, .02, .01, .005))
def p1000(x):
    """To three significant digits, as the encoding P1000 writes it."""
    x = x.double(); e = 10.0 ** (torch.floor(torch.log10(x.abs().clamp_min(1e-99))) - 2); return torch.round(x / e) * e
