"""eval_svd.py POLAR FRAMES [N] : strict SVD scores."""
import sys, torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
from frames import FrameNet
from svd import PolarFrameNet
from scores import svd_scores, row, p1000
p = torch.load(sys.argv[1], weights_only=False); f = torch.load(sys.argv[2], weights_only=False); N = int(sys.argv[3]) if len(sys.argv) > 3 else 2000; a = p["args"]
polar = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], hidden=a["hidden"], power=0); polar.load_state_dict(p["ema"])
fr = FrameNet(hidden=f["args"]["hidden"], polish=f["args"]["polish"]); fr.load_state_dict(f["ema"]); net = PolarFrameNet(polar, fr); rng = np.random.default_rng(2024)
for shape in ((2, 2), (3, 3), (4, 4), (5, 5), (8, 8), (10, 10), (15, 15), (20, 20), (6, 4), (4, 6), (20, 10)):
    B = N if max(shape) < 15 else min(N, 2000); A = torch.from_numpy(rng.uniform(-10, 10, (B, *shape))); out = []
    for dt in (torch.float32, torch.float64):
        net.to(dt)
        with torch.no_grad():
            x = A.to(dt); y = x.mT if shape[0] < shape[1] else x; w = polar.answer_only(y); s, v, _ = fr.solve(net.stretch(w, y), 2e-3); u = w @ v
            if shape[0] < shape[1]: u, v = v, u
        e, val = svd_scores(A, s, u, v); out.append(f"{'f32' if dt == torch.float32 else 'f64'} one polar pass {row(e)} values {row(val)}")
        s, u, v = (lambda r: (r[1], r[0], r[2]))(net.solve(x, 2e-3)); e, val = svd_scores(A, s, u, v); out.append(f"looped {row(e)}")
    R = p1000(A); u, s, v = net.double().solve(R, 1e-4); e, val = svd_scores(R, p1000(s), p1000(u), p1000(v)); out.append(f"P1000 {row(e)}")
    print(f"{shape[0]}x{shape[1]} | " + " | ".join(out), flush=True)
