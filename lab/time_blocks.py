import sys, time, torch, numpy as np
torch.set_num_threads(1)
from blocks import BlockNet
ck = torch.load(sys.argv[1], weights_only=False); a = ck["args"]; net = BlockNet(blocks=a["blocks"], heads=a["heads"], depth=a["depth"], tied=bool(a["tied"]), hidden=a["hidden"], power=a["power"]); net.load_state_dict(ck["ema"])
best = lambda f: min((lambda s: (f(), time.process_time() - s)[1])(time.process_time()) for _ in range(3))
for n in (5, 10, 20, 50):
    A = np.random.default_rng(1).uniform(-10, 10, (4096, n, n)); t = torch.from_numpy(A).float(); inv = best(lambda: np.linalg.inv(A)); i32 = best(lambda: np.linalg.inv(A.astype(np.float32)))
    c = max(32, 50000 // n**2)
    with torch.no_grad(): me = best(lambda: [net.answer_only(x) for x in t.split(c)]); one = best(lambda: [net.answer_only(x) for x in t.split(c * 4)])
    print(n, f"inv f64 {inv/4096*1e6:.1f} f32 {i32/4096*1e6:.1f} us | net {me/4096*1e6:.1f} us chunk {c}, {one/4096*1e6:.1f} chunk {4*c}: {me/inv:.1f} x", flush=True)
